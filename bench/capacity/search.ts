export interface SearchOptions {
  /** First count that is tried. */
  readonly start: number;
  /** Step while only one side of the border is known. */
  readonly stride: number;
  /** How near the border is looked for; every count is a multiple of it. */
  readonly step: number;
  readonly max: number;
  /** Most tries: the time is bounded, the precision is what it then is. */
  readonly tries: number;
}

/**
 * Looks for the greatest count that passes: strides until the border lies between two tries, then halves. When the border is
 * found, the least count that failed is tried once more, because a machine's bad moment looks like its limit. Pure.
 */
export class CapacitySearch {
  readonly #options: SearchOptions;
  #best = 0;
  #failed: number | undefined;
  #tries = 0;
  readonly #retried = new Set<number>();

  constructor(options: SearchOptions) {
    this.#options = options;
  }

  /** Greatest count that passed; 0 when none did. */
  get best(): number {
    return this.#best;
  }

  /** Least count that failed above the best. */
  get failed(): number | undefined {
    return this.#failed;
  }

  /** The count to try now; undefined when the search is over. */
  next(): number | undefined {
    const { start, stride, step, max, tries } = this.#options;
    if (this.#tries >= tries) return undefined;
    if (this.#tries === 0) return start;
    const failed = this.#failed;
    if (failed === undefined) return this.#best >= max ? undefined : Math.min(max, this.#best + stride);
    if (failed - this.#best <= step) return this.#retried.has(failed) ? undefined : failed;
    if (this.#best === 0) return Math.max(step, failed - stride);
    return this.#best + Math.max(1, Math.floor((failed - this.#best) / step / 2)) * step;
  }

  tell(count: number, passed: boolean): void {
    this.#tries++;
    if (count === this.#failed) {
      this.#retried.add(count);
      if (passed) this.#failed = undefined;
    } else if (!passed) this.#failed = count;
    if (passed) this.#best = Math.max(this.#best, count);
  }
}
