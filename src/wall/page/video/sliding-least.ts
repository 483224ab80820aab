/** The least value of about the last `spanMs`: of the present half of it and the one before. Pure; times in ms. */
export class SlidingLeast {
  #since: number | null = null;
  #before = Infinity;
  #present = Infinity;
  #full = false;

  constructor(private readonly spanMs: number) {}

  add(value: number, now: number): void {
    this.#since ??= now;
    if (now - this.#since >= this.spanMs / 2) {
      this.#full = Number.isFinite(this.#before);
      this.#before = this.#present;
      this.#present = Infinity;
      this.#since = now;
    }
    this.#present = Math.min(this.#present, value);
  }

  /** Infinity before the first value. */
  get value(): number {
    return Math.min(this.#before, this.#present);
  }

  /** Whether at least half of the span has been seen in full. */
  get settled(): boolean {
    return this.#full;
  }

  clear(): void {
    this.#since = null;
    this.#before = this.#present = Infinity;
    this.#full = false;
  }
}
