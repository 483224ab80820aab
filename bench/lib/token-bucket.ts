/** Limits a reader to `rate` bytes a second. Holds no timer: the caller passes the time (ms of any clock that only grows). */
export class TokenBucket {
  readonly #ratePerMs: number;
  readonly #burst: number;
  #tokens: number;
  #at: number;

  /** `burst`: bytes that may pass at once after a rest. */
  constructor(rate: number, burst: number, now: number) {
    if (!(rate > 0)) throw new RangeError('rate must be above 0 bytes/s');
    this.#ratePerMs = rate / 1000;
    this.#burst = burst;
    this.#tokens = burst;
    this.#at = now;
  }

  /**
   * Pays for `bytes` that were already read and tells how many ms to wait before the next read (0: none).
   * The balance may fall below zero; that debt is what makes the long-run rate exact.
   */
  take(bytes: number, now: number): number {
    this.#tokens = Math.min(this.#burst, this.#tokens + (now - this.#at) * this.#ratePerMs);
    this.#at = now;
    this.#tokens -= bytes;
    return this.#tokens > 0 ? 0 : -this.#tokens / this.#ratePerMs;
  }
}
