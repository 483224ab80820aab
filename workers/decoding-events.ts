import type { FrameMessage } from '../src/shared/worker-protocol.js';
import type { RunFault } from './run-fault.js';
import type { Picture } from './unit-times.js';

/** What the decoding of a stream gives its run. */
export interface DecodingEvents {
  /** A picture is to be shown. */
  picture(picture: Picture): void;
  hasRoom(): boolean;
  send(frame: FrameMessage): void;
  /** A decoder process was started, or is gone. */
  spawned(pid: number): void;
  reaped(pid: number): void;
  /** Nothing can be decoded any more. */
  failed(fault: RunFault): void;
}
