import type { RenditionKey } from '../../shared/rendition.js';

/** Another rendition is looked at when the one so far has been silent for this long: its viewers are gone. */
const ADOPT_AFTER_MS = 2000;

/**
 * Tells a camera that repeats one picture from a live one. The same raw frame gives the same JPEG, byte for byte, and a living
 * sensor never gives the same frame twice: so the newest JPEG is compared with the one before of the same rendition. Pure.
 */
export class FreezeDetector {
  #key: RenditionKey | null = null;
  #last: Buffer | null = null;
  #lastAt = 0;
  #unchangedSince = 0;

  constructor(private readonly frozenAfterMs: number) {}

  /** @returns whether the picture has been the same for long enough to say so */
  note(key: RenditionKey, jpeg: ArrayBuffer, now: number): boolean {
    if (this.#key === null) this.#unchangedSince = now;
    if (this.#key === null || key === this.#key || now - this.#lastAt >= ADOPT_AFTER_MS) {
      const bytes = Buffer.from(jpeg);
      // The first frame of another rendition tells nothing: the next one will.
      if (key === this.#key && !this.#last?.equals(bytes)) this.#unchangedSince = now;
      this.#key = key;
      this.#last = bytes;
      this.#lastAt = now;
    }
    return now - this.#unchangedSince >= this.frozenAfterMs;
  }

  reset(): void {
    this.#key = null;
    this.#last = null;
  }
}
