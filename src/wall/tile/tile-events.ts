import type { JpegReason, RefusedMessage, TileVideo } from '../protocol.js';
import type { SessionTile } from './session-tile.js';
import type { TileRefusal, WallState } from './tile-stream.js';

/** What a tile tells its session. */
export interface TileEvents {
  /** A frame may be waiting now. */
  ready(tile: SessionTile): void;
  /** A JPEG that was not sent yet was replaced by a newer one. */
  skipped(): void;
  unitSkipped(): void;
  /** What the tile is sent has changed; `null` before its first frame and after its end. */
  form(before: TileVideo['form'] | null, now: TileVideo['form'] | null): void;
  /** Video ends, or cannot begin. */
  fellBack(tile: SessionTile, why: JpegReason): void;
  /** Whether the whole socket has more to send than its line takes. */
  isLineBehind(): boolean;
  state(tile: SessionTile, state: WallState): void;
  refused(tile: SessionTile, what: RefusedMessage['what'], refusal: TileRefusal): void;
}
