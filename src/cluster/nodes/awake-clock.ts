import type { Clock } from '../../shared/clock.js';

/** It is read at least this often while the process runs, ms. */
const TICK_MS = 100;
/** Of the time between two readings this much counts: in the rest of a longer one the process did not run, ms. */
const LONGEST_STEP_MS = 400;

/**
 * Time in which this process ran. While it is stopped, or gets no processor, it hears nobody, and its timers run before what has come
 * meanwhile is read: by any other clock all nodes would seem silent then. How long others have been silent is measured by this one.
 */
export class AwakeClock {
  #readAt: number;
  #awake = 0;
  #cancel: () => void;

  constructor(private readonly clock: Clock) {
    this.#readAt = clock.now();
    this.#cancel = this.#tickLater();
  }

  /** Milliseconds that only grow; only differences mean something. */
  now(): number {
    const now = this.clock.now();
    this.#awake += Math.min(now - this.#readAt, LONGEST_STEP_MS);
    this.#readAt = now;
    return this.#awake;
  }

  close(): void {
    this.#cancel();
  }

  #tickLater(): () => void {
    return this.clock.after(TICK_MS, () => {
      this.#cancel = this.#tickLater();
      this.now();
    });
  }
}
