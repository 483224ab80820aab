import type { CameraSummary } from './telemetry/camera-summary.js';
import type { Stream, StreamSpec } from './stream.js';
import type { Supervise } from './supervision.js';
import type { RtspUrl } from '../source/rtsp-url.js';

/** A camera that only other nodes know. */
export interface PeerCamera {
  readonly spec: StreamSpec;
  readonly hasMain: boolean;
}

/** Other nodes that this one shares its cameras with. A single node has none. */
export interface Peers {
  /**
   * Watches over a stream for the viewers of this node, decoded here or by another.
   * @param here decodes it here; `null` when this node does not know its address
   */
  supervise(stream: Stream, here: Supervise | null): Supervise;
  /** A camera that this node does not know. */
  find(name: string): PeerCamera | null;
  /** Whether the stream is in use elsewhere with another source. */
  isInUse(key: string, url: RtspUrl): boolean;
  /** What all nodes together know of a camera; `own` is what this one does. */
  summary(own: CameraSummary, running: boolean): CameraSummary;
  /** Names of cameras that other nodes know or run. */
  names(): Iterable<string>;
}
