import type { RefusalCode } from '../../shared/errors.js';
import { SendWindow } from './send-window.js';
import type { SessionTile } from '../tile/session-tile.js';
import type { OutgoingFrame } from '../tile/tile-frames.js';

/** A browser that has drawn nothing for so long while frames are on the way to it is taken for gone. */
const STALLED_MS = 15_000;
/**
 * Texts are not credited, nor are frames of tiles that were given up: this bounds what of them a client that does not read can pile up.
 */
const MAX_UNCREDITED_BYTES = 4 * 1024 * 1024;

/** A decoder may keep pictures back to show them in order, four at most; of 25 a second. */
const REORDER_MS = 160;

/** Where the frames go. */
export interface FrameSender {
  send(tile: SessionTile, frame: OutgoingFrame): void;
  /** Bytes that the kernel has not taken yet. */
  bufferedAmount(): number;
}

/**
 * Decides which tile's frame is sent next. The tiles' credits and the socket's window bound what is on the way; tiles that wait
 * for the window are served in the order in which they began to wait, so none starves. No I/O.
 */
export class FrameScheduler {
  readonly #waiting = new Set<SessionTile>();
  readonly #window = new SendWindow();
  #lastDrawnAt = 0;
  #closed = false;

  /** @param now monotonic, ms */
  constructor(
    private readonly sender: FrameSender,
    private readonly now: () => number,
  ) {}

  /** The tile has a frame to send. */
  ready(tile: SessionTile): void {
    this.#waiting.add(tile);
    this.pump();
  }

  /** The browser has drawn this frame of the tile, and no longer waits for those before it. */
  acknowledge(tile: SessionTile, sequence: number): void {
    const now = this.now();
    for (const frame of tile.frames.acknowledge(sequence)) {
      this.#lastDrawnAt = now;
      // The last of many units that were sent at once is drawn late however fast the line is.
      if (frame.unit?.isBacklog) this.#window.forgotten(frame.bytes);
      else {
        const holdMs = frame.unit ? REORDER_MS : 0;
        this.#window.drawn(frame.bytes, frame.sentAt, now, this.#waiting.size > 0, holdMs);
      }
    }
    if (tile.sendable) this.#waiting.add(tile);
  }

  /** Sends what credits and window allow. */
  pump(): void {
    for (const tile of this.#waiting) {
      if (this.#closed || !this.#window.open() || this.#isPiledUp()) return;
      this.#waiting.delete(tile);
      if (tile.sendable) this.#send(tile);
      // Of video more than one unit may wait: in turn with the other tiles.
      if (tile.sendable) this.#waiting.add(tile);
    }
  }

  /** A paused tile: its browser says nothing more of units on the way. */
  paused(tile: SessionTile): void {
    for (const unit of tile.frames.forgetUnits()) this.#window.forgotten(unit.bytes);
  }

  /** Whether the line takes less than there is to send. */
  get isLineBehind(): boolean {
    return !this.#window.open() || this.sender.bufferedAmount() > 0;
  }

  /** The tile is gone: what is on the way to it will not be acknowledged. */
  drop(tile: SessionTile): void {
    for (const frame of tile.frames.inFlight) this.#window.forgotten(frame.bytes);
    this.#waiting.delete(tile);
    this.pump();
  }

  close(): void {
    this.#closed = true;
    this.#waiting.clear();
  }

  /** Why the session has to end because its browser takes nothing; null while it does. */
  stalled(): { readonly code: RefusalCode; readonly reason: string } | null {
    if (this.#isPiledUp()) return { code: 'too_slow', reason: 'browser does not read' };
    if (this.#window.inFlight > 0 && this.now() - this.#lastDrawnAt > STALLED_MS)
      return { code: 'too_slow', reason: `browser drew nothing for ${STALLED_MS / 1000} s` };
    return null;
  }

  /** Whether more is unsent than the frames on the way account for. */
  #isPiledUp(): boolean {
    return this.sender.bufferedAmount() > this.#window.inFlight + MAX_UNCREDITED_BYTES;
  }

  #send(tile: SessionTile): void {
    const now = this.now();
    const taken = tile.frames.take(now);
    if (!taken) return;
    if (this.#window.inFlight === 0) this.#lastDrawnAt = now;
    this.#window.sent(taken.bytes.byteLength);
    this.sender.send(tile, taken);
  }
}
