import type { RefusalCode } from '../../shared/errors.js';
import type { JpegReason, TileVideo, WallProtocol } from '../protocol.js';

/** The one socket of a wall, as its session needs it. None of these is called after `close`. */
export interface WallSocket {
  sendText(text: string): void;
  /** One binary message made of both parts; `header` is fresh, `picture` is shared: neither is changed later. */
  sendBinary(header: Uint8Array, picture: Uint8Array | ArrayBuffer): void;
  /** Bytes that the kernel has not taken yet. */
  bufferedAmount(): number;
  close(code: RefusalCode, reason: string): void;
}

export interface WallSessionDeps {
  /** Monotonic, ms. */
  now(): number;
  /** Unix epoch, ms: the clock that frames and states are stamped with. */
  epoch(): number;
  readonly protocol: WallProtocol;
  readonly counts: SessionCounts;
  /** Version of the wall page that this server gives out; '' is none. */
  readonly pageVersion: string;
}

/** What is counted of a session. */
export interface SessionCounts {
  /** A JPEG that waited to be sent was replaced by a newer one. */
  frameSkipped(): void;
  unitSkipped(): void;
  unitSent(bytes: number): void;
  /** Tiles by what they are sent: one of `before` became one of `now`; `null` is no tile yet, or no longer. */
  tileForm(before: TileVideo['form'] | null, now: TileVideo['form'] | null): void;
  fellBack(camera: string, why: JpegReason): void;
}
