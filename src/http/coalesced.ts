import type { Clock } from '../shared/clock.js';

/**
 * Something that costs much to make, for all who ask for it at about the same time. Nobody gets one from before the request, and
 * it is made at most once in `intervalMs`, however many ask how often.
 */
export class Coalesced<T> {
  /** What is not begun yet: whoever asks now gets it. */
  #next: Promise<T> | null = null;
  #last: Promise<unknown> = Promise.resolve();
  #madeAt = -Infinity;

  constructor(
    private readonly make: () => T | Promise<T>,
    private readonly intervalMs: number,
    private readonly clock: Clock,
  ) {}

  get(): Promise<T> {
    this.#next ??= this.#makeInTurn();
    return this.#next;
  }

  async #makeInTurn(): Promise<T> {
    await this.#last.catch(() => undefined);
    const wait = this.#madeAt + this.intervalMs - this.clock.now();
    if (wait > 0) await new Promise<void>((resolve) => this.clock.after(wait, resolve));
    this.#madeAt = this.clock.now();
    this.#next = null;
    const made = Promise.resolve(this.make());
    this.#last = made;
    return made;
  }
}
