import type { Picture } from './unit-times.js';

/** A picture older than this, ms, while newer units wait for the decoder, is not encoded: that time brings the newer ones sooner. */
const LATE_MS = 300;
/** But one in this time is, ms: on a machine that decodes too slowly all are late. */
const LATE_EVERY_MS = 250;

/** Which pictures are passed over because newer ones are about to come. Pure; times are Unix epoch, ms. */
export class LatePictures {
  #shownAt = -Infinity;

  /** @param isBehind units wait for the decoder; asked for late pictures alone, as it takes a system call */
  passesOver({ arrivedAt }: Picture, isBehind: () => boolean, now: number): boolean {
    if (now - arrivedAt > LATE_MS && now - this.#shownAt < LATE_EVERY_MS && isBehind()) return true;
    this.#shownAt = now;
    return false;
  }
}
