import { type DecodePlan, SAMPLE_MS } from '../src/shared/worker-protocol.js';
import type { AccessUnit } from '../src/video/access-unit.js';
import { GroupThinning } from './group-thinning.js';
import { isPictureByItself } from './key-picture.js';

/** A key frame that comes a little before it is due is taken: the next one may be seconds away. */
const SAMPLE_EARLY_MS = 500;

/** Which units of a stream a plan has decoded. Pure. */
export class UnitChoice {
  readonly #thinning = new GroupThinning();
  /** Arrival of the last unit that was taken for a sample: Unix epoch, ms. */
  #sampledAt = -Infinity;

  /** Judges the next unit in decoding order. */
  leavesOut(unit: AccessUnit, { pictures, groupShare = 1 }: DecodePlan): boolean {
    const isAlone = isPictureByItself(unit);
    const isThinned = this.#thinning.leavesOut(isAlone, groupShare);
    if (isThinned || pictures === 'all') return isThinned;
    if (!isAlone || pictures === 'key_frames') return !isAlone;
    if (unit.arrivedAt - this.#sampledAt < SAMPLE_MS - SAMPLE_EARLY_MS) return true;
    this.#sampledAt = unit.arrivedAt;
    return false;
  }
}
