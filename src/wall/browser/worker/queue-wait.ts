/**
 * How long tasks wait in this thread's queue before they run: by timers, which run when it is their turn. What a socket receives
 * waits as long before anything of it is known.
 */

const EVERY_MS = 100;

export class QueueWait {
  #waits: number[] = [];

  constructor() {
    this.#arm();
  }

  /** @returns the waits since the last time, ms */
  take(): readonly number[] {
    const waits = this.#waits;
    this.#waits = [];
    return waits;
  }

  #arm(): void {
    const due = performance.now() + EVERY_MS;
    setTimeout(() => {
      this.#waits.push(Math.max(0, performance.now() - due));
      this.#arm();
    }, EVERY_MS);
  }
}
