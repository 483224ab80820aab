import type { AccessUnit } from '../src/video/access-unit.js';
import type { TimedUnit } from './ffmpeg/input-queue.js';
import { type SourceColours, sourceColours } from './source-colours.js';

/** What is kept of a unit until its picture has come out of the decoder. */
export interface Picture {
  /** Arrival of its last packet: Unix epoch, ms with fraction. */
  readonly arrivedAt: number;
  readonly colours: SourceColours;
}

/** Pictures that may be in work: those of the longest group of pictures that a new decoder is given. */
const MOST_PICTURES = 4096;
/** Ticks of media time 0: pictures that are shown before the first unit have times above 0, too. */
const FIRST_TICKS = 1_000_000;

/** Gives each unit a time of its own by which its picture is known, and keeps what belongs to the picture. Pure. */
export class UnitTimes {
  readonly #ticks = new WeakMap<AccessUnit, number>();
  readonly #pictures = new Map<number, Picture>();
  #latest = 0;

  /** The same unit always has the same ticks. */
  timed(unit: AccessUnit): TimedUnit {
    let ticks = this.#ticks.get(unit);
    if (ticks === undefined) {
      ticks = Math.max(0, FIRST_TICKS + Math.round(unit.mediaTimeMs));
      // Cameras exist that give several pictures the same time.
      if (this.#pictures.has(ticks)) ticks = this.#latest + 1;
      this.#latest = Math.max(this.#latest, ticks);
      this.#ticks.set(unit, ticks);
      this.#pictures.set(ticks, { arrivedAt: unit.arrivedAt, colours: sourceColours(unit.format) });
      if (this.#pictures.size > MOST_PICTURES) this.#forgetOldest();
    }
    return { unit, ticks };
  }

  /** What belongs to the picture of that time; `null` if it is not known (any more). */
  picture(ticks: number): Picture | null {
    return this.#pictures.get(ticks) ?? null;
  }

  #forgetOldest(): void {
    const [oldest] = this.#pictures.keys();
    if (oldest !== undefined) this.#pictures.delete(oldest);
  }
}
