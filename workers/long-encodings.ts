/**
 * Encodings of larger pictures than these, 4K of cinemas, count as long: one of 7680x4320 takes 0.2 s, in which neighbours miss five
 * pictures. By their size, not by their time: on a busy machine every encoding takes long now and then.
 */
const LONG_PIXELS = 4096 * 2160;
/** Of a thread's time for long encodings, of all its cameras together: the others then keep nine tenths of 25 pictures a second. */
const SHARE = 1 / 4;

/**
 * How long encoders of large pictures rest, so that they leave their thread's other cameras their rate: an encoding cannot be
 * interrupted, and nothing is read meanwhile. A camera that has its thread for itself need not rest for others. Pure.
 */
export class LongEncodings {
  #runs = 0;
  /** Until then the thread's time is spent, monotonic ms. */
  #spentUntil = -Infinity;

  /** A camera's run begins in this thread. @returns to be called at its end */
  join(): () => void {
    this.#runs++;
    return () => {
      this.#runs--;
    };
  }

  /**
   * Each long encoding is charged to all: encoders of several large pictures take turns.
   * @param pixels of a picture that was encoded
   * @param ms how long that took
   * @param now its end, monotonic ms
   * @returns how long its encoder is to rest, ms
   */
  restAfter(pixels: number, ms: number, now: number): number {
    if (this.#runs < 2 || pixels <= LONG_PIXELS) return 0;
    this.#spentUntil = Math.max(this.#spentUntil, now - ms) + ms / SHARE;
    return this.#spentUntil - now;
  }
}

/** Each thread has its own copy of this module. */
export const longEncodings = new LongEncodings();
