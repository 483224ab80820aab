/** Token bucket: `burst` at once, then `perSecond`. Time is passed in, in ms of any clock that only grows. */
export class TokenBucket {
  #tokens: number;
  #at: number | null = null;

  constructor(
    private readonly burst: number,
    private readonly perSecond: number,
  ) {
    this.#tokens = burst;
  }

  /** Whether there are `count` left to take. */
  has(now: number, count = 1): boolean {
    if (this.#at !== null) {
      this.#tokens = Math.min(this.burst, this.#tokens + ((now - this.#at) / 1000) * this.perSecond);
    }
    this.#at = now;
    return this.#tokens >= count;
  }

  /** Takes `count`; false, and takes none, when there are fewer left. */
  take(now: number, count = 1): boolean {
    if (!this.has(now, count)) return false;
    this.#tokens -= count;
    return true;
  }
}
