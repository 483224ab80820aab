/**
 * How many units a camera sends a second: by their sequence and capture time, so that those count too which came late, or were left out
 * for a line or a decoder that is slow. Pure; times in ms.
 */

/** Counted over this: a shorter time tells the burst with which many cameras begin. */
const SPAN_MS = 2_000;

export class UnitRate {
  #first: { readonly sequence: number; readonly capturedAt: number } | null = null;
  #value: number | null = null;

  add(sequence: number, capturedAt: number): void {
    const first = this.#first;
    const spanMs = first ? capturedAt - first.capturedAt : 0;
    const units = first ? sequence - first.sequence : 0;
    // Sequences wrap, and clocks are set back.
    if (first && units >= 0 && spanMs >= 0 && spanMs < SPAN_MS) return;
    this.#first = { sequence, capturedAt };
    if (units > 0 && spanMs >= SPAN_MS) this.#value = (units * 1000) / spanMs;
  }

  /** Units a second; null before it is known. */
  get value(): number | null {
    return this.#value;
  }

  /** Nothing was counted since the last unit: the rate stays until it is counted anew. */
  pause(): void {
    this.#first = null;
  }

  /** Another camera. */
  clear(): void {
    this.#first = null;
    this.#value = null;
  }
}
