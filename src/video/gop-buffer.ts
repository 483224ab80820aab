import type { AccessUnit } from './access-unit.js';

export interface GopBounds {
  /** Bytes of coded pictures. */
  readonly bytes: number;
  readonly units: number;
  /** From the arrival of the first unit to that of the last, ms. */
  readonly ms: number;
}

/** Why nothing can begin on a GopBuffer: nothing came yet, or what came since the last key unit went over a bound. */
export type GopGap = 'empty' | 'too_many_bytes' | 'too_many_units' | 'too_long';

/** What a new decoder is given first. */
export interface GopStart {
  /** From a unit with random access to the newest, without the leading ones that cannot be decoded from there. */
  readonly units: readonly AccessUnit[];
  /** The units still to come until pictures are right (intra refresh); 0 if the newest already is. */
  readonly unitsUntilRight: number;
}

/** An intra refresh that has begun: where in the list, and the units until it is through. */
interface Refresh {
  readonly at: number;
  left: number;
}

/**
 * The access units since the last one where a decoder can begin: those of one group of pictures. Holds references, no
 * copies. Over a bound everything is let go until the next unit with random access.
 */
export class GopBuffer {
  #units: AccessUnit[] = [];
  #bytes = 0;
  #gap: GopGap = 'empty';
  /** A refresh later than the list's begin: the list begins there once it is through. */
  #next: Refresh | null = null;
  #untilRight = 0;

  constructor(readonly bounds: GopBounds) {}

  /** Takes the next unit in decoding order. What depends on a loss does not come, or is damaged. */
  push(unit: AccessUnit): void {
    if (unit.randomAccess === 'key' || (unit.randomAccess === 'recovery' && unit.recoveryFrames === 0)) {
      this.#begin(unit);
    } else if (this.#units.length === 0) {
      if (unit.randomAccess === 'none') return;
      this.#begin(unit);
    } else {
      this.#append(unit);
    }
    this.#bound(unit);
  }

  /** Lets everything go: the stream began anew. */
  clear(): void {
    this.#drop('empty');
  }

  /** What to begin a decoder with, or why that is not possible. */
  start(): GopStart | GopGap {
    if (this.#units.length === 0) return this.#gap;
    return { units: this.#units.filter((unit) => !unit.leading), unitsUntilRight: this.#untilRight };
  }

  get bytes(): number {
    return this.#bytes;
  }

  #begin(unit: AccessUnit): void {
    this.#units = [unit];
    this.#bytes = unit.data.length;
    this.#next = null;
    this.#untilRight = unit.recoveryFrames;
  }

  #append(unit: AccessUnit): void {
    this.#units.push(unit);
    this.#bytes += unit.data.length;
    const counts = unit.disposable ? 0 : 1;
    this.#untilRight = Math.max(0, this.#untilRight - counts);
    if (this.#next !== null) {
      this.#next.left -= counts;
      if (this.#next.left <= 0) this.#advance(this.#next.at);
    } else if (unit.randomAccess === 'recovery') {
      this.#next = { at: this.#units.length - 1, left: unit.recoveryFrames };
    }
  }

  /** A refresh is through: whoever begins where it began sees a right picture now, too. */
  #advance(at: number): void {
    this.#units = this.#units.slice(at);
    this.#bytes = this.#units.reduce((sum, unit) => sum + unit.data.length, 0);
    this.#next = null;
    this.#untilRight = 0;
  }

  #bound(newest: AccessUnit): void {
    const oldest = this.#units[0];
    if (oldest === undefined) return;
    if (this.#bytes > this.bounds.bytes) this.#drop('too_many_bytes');
    else if (this.#units.length > this.bounds.units) this.#drop('too_many_units');
    else if (newest.arrivedAt - oldest.arrivedAt > this.bounds.ms) this.#drop('too_long');
  }

  #drop(gap: GopGap): void {
    this.#units = [];
    this.#bytes = 0;
    this.#next = null;
    this.#untilRight = 0;
    this.#gap = gap;
  }
}
