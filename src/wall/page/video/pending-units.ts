import { laterOf } from './sequence-order.js';
import { SlidingLeast } from './sliding-least.js';

/** The units that a decoder was given and has given no picture of, and how long it takes. Pure; times in ms. */

export interface PendingUnit<H extends { readonly sequence: number } = { readonly sequence: number }> {
  readonly header: H;
  readonly receivedAt: number;
  /** Age of the picture when it was received, by the server's clock. */
  readonly age: number;
}

/** More than any decoder holds back: 16 by the standards. A unit that never becomes a picture is forgotten by this. */
const MAX_PENDING = 64;
/** Over this span the least delay and the least number of units held back are the stream's own, not the machine's. */
const LEAST_OVER_MS = 10_000;
/** WebCodecs' timestamps are microseconds; whole milliseconds survive every platform's rounding. */
const STEP_US = 1000;

export class PendingUnits<H extends { readonly sequence: number }> {
  readonly #units = new Map<number, PendingUnit<H>>();
  #timestamp = 0;
  #delays: number[] = [];
  readonly #leastDelay = new SlidingLeast(LEAST_OVER_MS);
  readonly #leastHeld = new SlidingLeast(LEAST_OVER_MS);

  get size(): number {
    return this.#units.size;
  }

  /** @returns the timestamp that the unit gets, µs */
  add(unit: PendingUnit<H>): number {
    this.#timestamp += STEP_US;
    this.#units.set(this.#timestamp, unit);
    const [oldest] = this.#units.keys();
    if (this.#units.size > MAX_PENDING && oldest !== undefined) this.#units.delete(oldest);
    return this.#timestamp;
  }

  /**
   * The unit of a picture; null for a picture of none.
   * @param counts whether its delay tells how fast the machine decodes
   */
  take(timestamp: number, now: number, counts = true): PendingUnit<H> | null {
    // Firefox gives pictures that came out of order new times: then it is the oldest.
    const key = this.#units.has(timestamp) ? timestamp : [...this.#units.keys()][0];
    const unit = key === undefined ? undefined : this.#units.get(key);
    if (key === undefined || !unit) return null;
    this.#units.delete(key);
    const delay = now - unit.receivedAt;
    this.#leastDelay.add(delay, now);
    this.#leastHeld.add(this.#units.size, now);
    if (counts) this.#delays.push(delay - this.#leastDelay.value);
    return unit;
  }

  /**
   * What the picture of `sequence` settles: a decoder that puts B-frames in order always holds some units back, which it has
   * decoded all the same.
   */
  settledBy(sequence: number): number {
    const held = this.#leastHeld.value;
    const last = Number.isFinite(held) && held > 0 ? [...this.#units.values()][held - 1] : undefined;
    return last ? laterOf(sequence, last.header.sequence) : sequence;
  }

  /** The delay that every picture has, ms; null before it is known. */
  get heldMs(): number | null {
    return this.#leastDelay.settled ? this.#leastDelay.value : null;
  }

  /** From received to decoded of the pictures since the last look, less what the stream itself needs, ms. */
  takeDelays(): readonly number[] {
    const delays = this.#delays;
    this.#delays = [];
    return delays;
  }

  clear(): void {
    this.#units.clear();
    this.#delays = [];
    this.#leastDelay.clear();
    this.#leastHeld.clear();
  }
}
