import { PendingUnits } from '../../page/video/pending-units.js';
import { follows } from '../../page/video/sequence-order.js';
import {
  FRAME_HEADER_BYTES,
  type FrameHeader,
  type VideoDescription,
  type VideoForm,
} from '../../protocol.js';
import { PictureGate, type VideoPicture } from './picture-gate.js';
import { assumedColours } from './video-colours.js';

/** Video of one tile: at most one decoder, from units in Annex B to its newest picture. */

export type AnnouncedVideo = { readonly form: VideoForm } & VideoDescription;

export interface TileVideoEvents {
  /** A picture to draw; who takes it closes it. */
  picture(picture: VideoPicture, video: AnnouncedVideo): void;
  /** This unit and all before it are done with. */
  settled(header: FrameHeader): void;
  /** There is no decoder any more: the tile needs JPEG. */
  failed(why: 'decoder' | 'unsupported'): void;
}

type State =
  /** JPEG, or nothing yet. */
  | { readonly kind: 'off' }
  /** Nobody sees the tile. */
  | { readonly kind: 'paused' }
  /** The decoder failed: units that are on their way yet are of no use. */
  | { readonly kind: 'failed' }
  /** Only a key unit can begin. */
  | { readonly kind: 'awaiting-key'; readonly video: AnnouncedVideo }
  | {
      readonly kind: 'decoding';
      readonly video: AnnouncedVideo;
      readonly decoder: VideoDecoder;
      /** Sequence of the newest unit. */
      readonly last: number;
    };

/** A decoder that always gives its pictures so late shows the past: JPEG is fresher, ms. */
const MAX_HELD_MS = 500;
/** A decoder that is given units and gives no picture for so long is broken, ms. Frames that were never closed would do it. */
const SILENT_MS = 3_000;
const SILENT_UNITS = 8;

export class TileVideo {
  #state: State = { kind: 'off' };
  /** What was announced last; kept over pauses. */
  #announced: AnnouncedVideo | null = null;
  #acceleration: HardwareAcceleration = 'no-preference';
  #pictureAt = 0;
  readonly #pending = new PendingUnits<FrameHeader>();
  readonly #gate = new PictureGate(
    (picture) => {
      if (this.#state.kind === 'decoding') this.events.picture(picture, this.#state.video);
      else picture.frame.close();
    },
    (header) => this.events.settled(header),
  );

  /** @param hardware whether the browser decodes in hardware: Chromium leaves small pictures to software unless it is asked */
  constructor(
    private readonly hardware: boolean,
    private readonly serverNow: () => number,
    private readonly events: TileVideoEvents,
  ) {}

  /** What units are decoded as; null while the tile has no video. */
  get video(): AnnouncedVideo | null {
    return this.#state.kind === 'failed' ? null : this.#announced;
  }

  /** The next units are of this form, or with null there are none; the last picture stays. */
  announce(video: AnnouncedVideo | null): void {
    const before = this.#announced;
    this.#announced = video;
    if (this.#state.kind === 'paused' || JSON.stringify(video) === JSON.stringify(before)) return;
    this.#acceleration = this.hardware ? 'prefer-hardware' : 'no-preference';
    this.#end(video);
  }

  unit(header: FrameHeader, message: ArrayBuffer): void {
    const state = this.#state;
    const video = state.kind === 'decoding' || state.kind === 'awaiting-key' ? state.video : null;
    const inOrder = state.kind === 'decoding' && follows(header.sequence, state.last);
    const decoder =
      video && header.kind === 'key' && !inOrder
        ? this.#begin(video)
        : state.kind === 'decoding' && inOrder
          ? state.decoder
          : null;
    if (!video || !decoder) {
      // Without the unit before it there is nothing to decode.
      if (state.kind === 'decoding') this.#end(state.video);
      this.events.settled(header);
      return;
    }
    this.#state = { kind: 'decoding', video, decoder, last: header.sequence };
    this.#decode(decoder, header, message);
  }

  /** Which sequence the drawn picture of `header` settles. */
  settledBy({ sequence }: FrameHeader): number {
    return this.#pending.settledBy(sequence);
  }

  /** Once a second. @returns from received to decoded of the pictures since the last time, less the stream's own delay, ms */
  beat(): readonly number[] {
    if (this.#state.kind === 'decoding') {
      const silent = this.#pending.size >= SILENT_UNITS && performance.now() - this.#pictureAt > SILENT_MS;
      if (silent || (this.#pending.heldMs ?? 0) > MAX_HELD_MS) this.#fail('decoder');
    }
    return this.#pending.takeDelays();
  }

  /** Nobody sees it: the decoder goes, for browsers have few of them in hardware. The last picture stays. */
  pause(): void {
    this.#end(null);
    this.#state = { kind: 'paused' };
  }

  /** It is seen again: the next key unit begins. */
  resume(): void {
    if (this.#state.kind === 'paused') this.#end(this.#announced);
  }

  /** After a failure the server is asked for video again; it need not announce what it has announced before. */
  retry(): void {
    if (this.#state.kind === 'failed') this.#end(this.#announced);
  }

  /** The connection is lost: the next one says anew what comes. */
  forget(): void {
    this.#announced = null;
    if (this.#state.kind !== 'paused') this.#end(null);
  }

  #end(next: AnnouncedVideo | null): void {
    const state = this.#state;
    this.#state = next ? { kind: 'awaiting-key', video: next } : { kind: 'off' };
    if (state.kind === 'decoding' && state.decoder.state !== 'closed') state.decoder.close();
    this.#gate.close();
    this.#pending.clear();
  }

  /**
   * A decoder for a key unit that follows nothing that was decoded; null when there is none. A new one: one that goes on may take what it
   * makes up for the gap as references (H.264's open groups in FFmpeg).
   */
  #begin(video: AnnouncedVideo): VideoDecoder | null {
    this.#end(video);
    this.#gate.begin();
    this.#pictureAt = performance.now();
    const decoder = new VideoDecoder({
      // A decoder that was closed calls neither; one that was replaced in this very task may.
      output: (frame) => this.#output(decoder, frame),
      error: (error) => this.#broke(decoder, error),
    });
    this.#state = { kind: 'decoding', video, decoder, last: 0 };
    try {
      // Annex B has no `description`. The size helps to choose a decoder; the stream has its own.
      decoder.configure({
        codec: video.codec,
        codedWidth: video.width,
        codedHeight: video.height,
        hardwareAcceleration: this.#acceleration,
        optimizeForLatency: true,
        ...assumedColours(video),
      });
    } catch (error) {
      this.#broke(decoder, error);
      return null;
    }
    return decoder;
  }

  #decode(decoder: VideoDecoder, header: FrameHeader, message: ArrayBuffer): void {
    const age = this.serverNow() - header.capturedAt;
    const timestamp = this.#pending.add({ header, receivedAt: performance.now(), age });
    const type = header.kind === 'key' ? 'key' : 'delta';
    try {
      const data = new Uint8Array(message, FRAME_HEADER_BYTES);
      // The message becomes the chunk's, without a copy, where the browser knows `transfer`.
      const chunk: EncodedVideoChunkInit & { readonly transfer: readonly ArrayBuffer[] } = {
        ...{ type, timestamp, data },
        transfer: [message],
      };
      decoder.decode(new EncodedVideoChunk(chunk));
    } catch (error) {
      this.#broke(decoder, error);
    }
  }

  #output(decoder: VideoDecoder, frame: VideoFrame): void {
    const now = performance.now();
    const isOurs = this.#state.kind === 'decoding' && this.#state.decoder === decoder;
    // Units that came all at once wait for each other: that tells nothing of what the machine can do.
    const unit = isOurs ? this.#pending.take(frame.timestamp, now, !this.#gate.isCatchingUp) : null;
    if (!unit) {
      frame.close();
      return;
    }
    this.#pictureAt = now;
    this.#gate.offer({ header: unit.header, frame }, unit.age, decoder.decodeQueueSize);
  }

  /** The browser closed the decoder, or refused to configure it or to take a unit. */
  #broke(decoder: VideoDecoder, error: unknown): void {
    if (this.#state.kind !== 'decoding' || this.#state.decoder !== decoder) return;
    const name = error instanceof DOMException ? error.name : '';
    // Chromium takes decoders back that had nothing to do for a minute: the camera's next key unit gets a new one.
    if (name === 'QuotaExceededError') this.#end(this.#state.video);
    else if (this.#acceleration === 'prefer-hardware') {
      // Hardware has no session left, or does not take this stream: software may.
      this.#acceleration = 'no-preference';
      this.#end(this.#state.video);
    } else this.#fail(name === 'NotSupportedError' ? 'unsupported' : 'decoder');
  }

  #fail(why: 'decoder' | 'unsupported'): void {
    this.#end(null);
    this.#state = { kind: 'failed' };
    this.events.failed(why);
  }
}
