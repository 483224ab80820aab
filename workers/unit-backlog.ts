import type { AccessUnit } from '../src/video/access-unit.js';
import { GopBuffer } from '../src/video/gop-buffer.js';

/** Of what a new decoder may be begun with: a minute, as encoders stretch key frames on a still scene, or 4K for some seconds. */
const BOUNDS = { bytes: 32 * 1024 * 1024, units: 2000, ms: 65_000 };

/** The units that a decoder may still need. Pure. */
export class UnitBacklog {
  readonly #gop = new GopBuffer(BOUNDS);
  /** B-pictures that come behind a unit with random access refer to those before it. */
  #hasOpenGroups = false;

  push(unit: AccessUnit): void {
    this.#gop.push(unit);
    this.#hasOpenGroups ||= unit.leading;
  }

  /**
   * Whether a running decoder must not go on with these units behind others that were left out. FFmpeg's H.264 decoder takes what it makes
   * up for a gap as references: B-pictures behind a recovery point come out torn.
   */
  get needsNewDecoder(): boolean {
    const start = this.#gop.start();
    return this.#hasOpenGroups && typeof start !== 'string' && start.units[0]?.randomAccess === 'recovery';
  }

  /**
   * Units that a decoder needs to go on from `last` to the newest, in order; `null` if they are not there any more.
   * @param last the newest that it was given; `null`: it is a new one
   */
  since(last: AccessUnit | null): readonly AccessUnit[] | null {
    const start = this.#gop.start();
    if (typeof start === 'string') return null;
    const at = last === null ? -1 : start.units.indexOf(last);
    if (at >= 0) return start.units.slice(at + 1);
    return last === null ? start.units : null;
  }
}
