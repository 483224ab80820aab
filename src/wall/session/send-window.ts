/**
 * How many bytes of frames may be on the way to one browser, over all its tiles. The credits of a tile bound its own
 * frames; 200 tiles with two frames each would still be megabytes, which is minutes on a slow line. So the whole
 * socket has a window too, steered by how long frames take from being sent to being acknowledged as drawn: above the
 * target it shrinks, below it grows. One frame is always allowed, so a line of any speed keeps moving.
 */

/** A frame may take this much longer than the quickest of late: the bound that viewers of `/ws` have. */
const TARGET_LAG_MS = 150;
/** The quickest time is forgotten after this long, so that a changed route is learnt. */
const BASE_MEMORY_MS = 30_000;
const START_BYTES = 256 * 1024;
const MIN_BYTES = 16 * 1024;
/** A second of the fastest wall measured (200 tiles of 20 KB at 25 fps is 100 MB/s) is far more than is ever on the way. */
const MAX_BYTES = 32 * 1024 * 1024;
const SHRINK = 0.7;

export class SendWindow {
  #bytes = START_BYTES;
  #inFlight = 0;
  #shrunkAt = -Infinity;
  /** Quickest send-to-drawn time of this and of the previous memory span. */
  #base = Infinity;
  #previousBase = Infinity;
  #baseFrom = 0;

  get bytes(): number {
    return this.#bytes;
  }

  get inFlight(): number {
    return this.#inFlight;
  }

  /** Whether a frame may be sent now, whatever its size. */
  open(): boolean {
    return this.#inFlight === 0 || this.#inFlight < this.#bytes;
  }

  sent(bytes: number): void {
    this.#inFlight += bytes;
  }

  /** A frame left without having been drawn: its tile is gone. Says nothing about speed. */
  forgotten(bytes: number): void {
    this.#inFlight -= bytes;
  }

  /**
   * A frame was drawn. `held` says whether others wait for the window: only then has it proven too small.
   * @param holdMs how long the browser's decoder may keep it back
   */
  drawn(bytes: number, sentAt: number, now: number, held: boolean, holdMs = 0): void {
    this.#inFlight -= bytes;
    const lag = now - sentAt;
    this.#remember(lag, now);
    if (lag > Math.min(this.#base, this.#previousBase) + TARGET_LAG_MS + holdMs) {
      // Frames sent before the last cut cannot have seen its effect.
      if (sentAt < this.#shrunkAt) return;
      this.#bytes = Math.max(MIN_BYTES, this.#bytes * SHRINK);
      this.#shrunkAt = now;
    } else if (held) {
      this.#bytes = Math.min(MAX_BYTES, this.#bytes + bytes / 4);
    }
  }

  #remember(lag: number, now: number): void {
    if (now - this.#baseFrom > BASE_MEMORY_MS) {
      this.#previousBase = this.#base;
      this.#base = Infinity;
      this.#baseFrom = now;
    }
    this.#base = Math.min(this.#base, lag);
  }
}
