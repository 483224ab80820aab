/** What the pacer drives. */
export interface Paced {
  /** Monotonic ms; Infinity: nothing is due. */
  readonly dueAt: number;
  advance(now: number): void;
}

/** One timer for all cameras. It sleeps until the earliest due time; cameras that are due within 1 ms go together. */
export class Pacer {
  readonly #cameras: readonly Paced[];
  #timer: NodeJS.Timeout | undefined;
  #isStopped = false;

  constructor(cameras: readonly Paced[]) {
    this.#cameras = cameras;
  }

  /** To be called when a camera's due time may have become earlier. */
  wake(): void {
    if (!this.#isStopped) this.#schedule(performance.now());
  }

  stop(): void {
    this.#isStopped = true;
    clearTimeout(this.#timer);
  }

  #schedule(now: number): void {
    clearTimeout(this.#timer);
    let due = Infinity;
    for (const camera of this.#cameras) due = Math.min(due, camera.dueAt);
    if (due === Infinity) return;
    this.#timer = setTimeout(() => this.#tick(), Math.max(1, Math.ceil(due - now)));
  }

  #tick(): void {
    const now = performance.now();
    for (const camera of this.#cameras) if (camera.dueAt <= now) camera.advance(now);
    this.#schedule(performance.now());
  }
}
