import { TokenBucket } from '../../shared/token-bucket.js';

/** When pauses and resumes that wait are told to the server. Pure; times in ms. */

/** Collected for so long: a wall of 200 that is hidden would else be a flood of messages. */
const COLLECT_MS = 15;
/** A busy page turns its tiles over some hundred ms: so many batches may go at once, and none of them waits for long. */
const BURST = 8;
/** Batches a second from then on: the server's budget of handles allows ten whole walls a second. */
const PER_SECOND = 8;

export class PausePace {
  readonly #batches = new TokenBucket(BURST, PER_SECOND);

  /** How long to wait, from now on, until the next batch goes. */
  wait(now: number): number {
    return this.#batches.has(now) ? COLLECT_MS : 1000 / PER_SECOND;
  }

  /** A batch goes. */
  sent(now: number): void {
    this.#batches.take(now);
  }
}
