import type { RtpStatistics } from '../src/rtp/rtp-sink.js';

type Counts = Pick<
  RtpStatistics,
  'packets' | 'units' | 'damagedUnits' | 'dependentUnits' | 'unreadableUnits'
>;

/** What comes of a stream while it gives no units. */
export interface Gap {
  /** How long there has been no unit although packets came, ms. */
  readonly ms: number;
  /**
   * What came instead. `dependent`: pictures that were left out for want of others, which the next key frame ends. `unreadable`: mostly
   * what cannot be pictures at all.
   */
  readonly what: 'nothing' | 'dependent' | 'unreadable';
}

/** Tells a stream that gives no pictures from one that is silent. Pure. */
export class UnitGap {
  #before: { readonly at: number; readonly counts: Counts } | null = null;
  /**
   * The last look before packets came that gave no unit. A silence before them does not count: the next picture of a camera that
   * sends one every few seconds may be on its way.
   */
  #began: { readonly at: number; readonly counts: Counts } | null = null;

  /** Looks at the counts of the stream. @param now monotonic, ms */
  look(counts: Counts, now: number): Gap {
    const before = this.#before;
    this.#before = { at: now, counts };
    if (counts.units !== before?.counts.units) this.#began = null;
    else if (counts.packets !== before.counts.packets) this.#began ??= before;
    const isSilent = counts.packets === before?.counts.packets;
    if (this.#began === null || isSilent) return { ms: 0, what: 'nothing' };
    const { at, counts: first } = this.#began;
    const leftOut = counts.dependentUnits + counts.damagedUnits - first.dependentUnits - first.damagedUnits;
    const unreadable = counts.unreadableUnits - first.unreadableUnits;
    const what = leftOut > unreadable ? 'dependent' : unreadable > 0 ? 'unreadable' : 'nothing';
    return { ms: now - at, what };
  }
}
