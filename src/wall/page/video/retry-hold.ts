/** When video is tried again for a tile whose decoder failed. Pure; times in ms. */

const FIRST_MS = 30_000;
const LONGEST_MS = 600_000;
/** After so much good video the next failure counts as the first. */
const GOOD_MS = 300_000;

export class RetryHold {
  #failures = 0;
  #until = -Infinity;

  failed(now: number): void {
    if (now - this.#until > GOOD_MS) this.#failures = 0;
    this.#until = now + Math.min(LONGEST_MS, FIRST_MS * 2 ** this.#failures);
    this.#failures += 1;
  }

  /** Whether video is left alone now. */
  holds(now: number): boolean {
    return now < this.#until;
  }
}
