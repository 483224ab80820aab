import type { Clock } from '../../shared/clock.js';

/** A pause that can be cut short. Used again and again; one wait at a time. */
export class RetryPause {
  #wake: (() => void) | null = null;
  #cancelTimer: () => void = () => undefined;
  #endsAt = Infinity;
  #closed = false;

  constructor(private readonly clock: Clock) {}

  /** Resolves after `ms`, or when `shorten`, `end` or `close` says so. */
  wait(ms: number): Promise<void> {
    return new Promise((resolve) => {
      this.#wake = () => {
        this.#cancelTimer();
        this.#wake = null;
        resolve();
      };
      this.#endAt(this.clock.now() + ms);
      if (this.#closed) this.#wake();
    });
  }

  get isWaiting(): boolean {
    return this.#wake !== null;
  }

  /** Ends the present wait no later than `at` (monotonic, ms), if there is one. */
  shorten(at: number): void {
    if (!this.#wake || at >= this.#endsAt) return;
    this.#cancelTimer();
    this.#endAt(at);
  }

  /** Ends the present wait now, if there is one. */
  end(): void {
    this.#wake?.();
  }

  /** Ends the present wait now, and each later one at once. */
  close(): void {
    this.#closed = true;
    this.#wake?.();
  }

  #endAt(at: number): void {
    this.#endsAt = at;
    this.#cancelTimer = this.clock.after(Math.max(0, at - this.clock.now()), () => this.#wake?.());
  }
}
