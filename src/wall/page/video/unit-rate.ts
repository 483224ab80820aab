/**
 * How many units a camera sends a second: by their sequence and capture time, so that those count too which came late, or were left out
 * for a line or a decoder that is slow. Pure; times in ms.
 */

/** Counted over this: a shorter time tells the burst with which many cameras begin. */
const SPAN_MS = 2_000;
/** The most of so many spans counts: a camera on a busy machine sends less at times, mostly while a wall is opened. */
const SPANS = 5;
/** Believed at least until so many spans were counted: pictures a second of most cameras. */
const USUAL_RATE = 25;

export class UnitRate {
  #first: { readonly sequence: number; readonly capturedAt: number } | null = null;
  /** Of the last spans, newest last. */
  #rates: number[] = [];

  add(sequence: number, capturedAt: number): void {
    const first = this.#first;
    const spanMs = first ? capturedAt - first.capturedAt : 0;
    const units = first ? sequence - first.sequence : 0;
    // Sequences wrap, and clocks are set back.
    if (first && units >= 0 && spanMs >= 0 && spanMs < SPAN_MS) return;
    this.#first = { sequence, capturedAt };
    if (units > 0 && spanMs >= SPAN_MS) this.#rates = [...this.#rates, (units * 1000) / spanMs].slice(-SPANS);
  }

  /** Units a second as counted; null before that. */
  get value(): number | null {
    return this.#rates.length === 0 ? null : Math.max(...this.#rates);
  }

  /** Units a second to reckon with: not too few while little has been counted. Null before anything has. */
  get reckoned(): number | null {
    const { value } = this;
    return value === null || this.#rates.length === SPANS ? value : Math.max(value, USUAL_RATE);
  }

  /** Nothing was counted since the last unit: the rate stays until it is counted anew. */
  pause(): void {
    this.#first = null;
  }

  /** Another camera. */
  clear(): void {
    this.#first = null;
    this.#rates = [];
  }
}
