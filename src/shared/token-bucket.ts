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

  /** Whether there is one left to take. */
  has(now: number): boolean {
    if (this.#at !== null) {
      this.#tokens = Math.min(this.burst, this.#tokens + ((now - this.#at) / 1000) * this.perSecond);
    }
    this.#at = now;
    return this.#tokens >= 1;
  }

  /** Takes one; false when there is none left. */
  take(now: number): boolean {
    if (!this.has(now)) return false;
    this.#tokens -= 1;
    return true;
  }
}
