/**
 * Which units a tile leaves undecoded because its decoder is behind. Nearly every picture needs the one before it: so the rest of a
 * group, up to the next key unit. The tile shows fewer pictures then, and none of the past. Pure; times in ms.
 */

/** A unit that waits for its decoder for so long: less than the server's credit, which would end the video sooner. */
const BEHIND_MS = 250;
/** Where key units are further apart than this nothing is passed over: the tile would stand still for too long. */
const LONGEST_GROUP_MS = 2_500;
/** No key unit for so long after all, or none that the decoder was ready for: JPEG is better. */
const LONGEST_MS = 3_000;

export class PassOver {
  #since: number | null = null;
  #keyAt: number | null = null;
  /** Between the last two key units; unknown is long. */
  #groupMs = Infinity;

  /**
   * @param isKey the unit begins a group
   * @param waitMs how long the oldest unit has waited for its picture, less what the stream itself needs
   * @returns whether the unit is not to be decoded
   */
  passes(isKey: boolean, waitMs: number, now: number): boolean {
    if (isKey) {
      this.#groupMs = this.#keyAt === null ? Infinity : now - this.#keyAt;
      this.#keyAt = now;
    }
    const isBehind = waitMs > BEHIND_MS && this.#groupMs <= LONGEST_GROUP_MS;
    if (this.#since === null || isKey) this.#since = isBehind ? (this.#since ?? now) : null;
    return this.#since !== null;
  }

  /** Whether the tile has stood still for too long. */
  isTooLong(now: number): boolean {
    return this.#since !== null && now - this.#since > LONGEST_MS;
  }

  /** The decoder begins anew. */
  begin(): void {
    this.#since = null;
    this.#keyAt = null;
    this.#groupMs = Infinity;
  }
}
