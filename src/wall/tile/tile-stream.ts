import type { VideoGap, VideoUnit } from '../../camera/video-channel.js';
import type { RefusedMessage, TileRendition, TileState } from '../protocol.js';

/** What a wall's session needs of the cameras behind it. `streams.ts` is the implementation; tests bring their own. */

/** An encoded frame; `jpeg` is never written to again. */
export interface WallFrame {
  readonly jpeg: Uint8Array | ArrayBuffer;
  /** Unix epoch, ms with fraction. */
  readonly capturedAt: number;
}

export type { VideoGap, VideoUnit };

export interface WallState {
  readonly state: TileState;
  /** Stable code of the cause, or null. */
  readonly reason: string | null;
  /** What happened and what to do; empty when there is nothing to say. */
  readonly text: string;
  /** Unix epoch, ms. */
  readonly since: number;
  /** As in the protocol's state message. */
  readonly maxGap?: number | undefined;
}

/** Why a stream is not granted: the fields of the protocol's `refused` message. */
export type TileRefusal = Pick<RefusedMessage, 'code' | 'reason' | 'text'>;

/** The stream that a tile asks for. */
export interface WallRequest extends Omit<TileRendition, 'codecs'> {
  readonly camera: string;
  readonly rtsp?: string | undefined;
}

/** Where a joined stream reports to. Each of these may be called before `join` has returned. */
export interface WallSink {
  frame(frame: WallFrame): void;
  state(state: WallState): void;
  /** The stream is not, or no longer, granted: the join is over and nothing more is called. */
  refused(refusal: TileRefusal): void;
}

export interface WallVideoSink extends Omit<WallSink, 'frame'> {
  unit(unit: VideoUnit): void;
  /** There is no video of this camera now. The join goes on. */
  unavailable(gap: VideoGap): void;
}

interface Joined {
  /** False: no frames are wanted for now (a hidden tile), states still are; the camera should stay open. */
  setActive(active: boolean): void;
  leave(): void;
}

export interface WallSubscription extends Joined {
  /** Newest frame, however old, or null before the first. */
  latest(): WallFrame | null;
}

export interface WallVideoSubscription extends Joined {
  /** The units since the last key unit; empty when there are none, or too many. */
  backlog(): readonly VideoUnit[];
}

/** The streams that one browser's grant lets it see. */
export interface WallStreams {
  join(request: WallRequest, sink: WallSink): WallSubscription;
  /** The video as the camera sends it. */
  joinVideo(request: WallRequest, sink: WallVideoSink): WallVideoSubscription;
  /** Has a camera tried now that waits for its next try; false when nothing was done. */
  retry(request: WallRequest): boolean;
}
