/**
 * Tells a camera that repeats one picture from a live one. The same raw frame gives the same JPEG, byte for byte, and a living
 * sensor never gives the same frame twice: so the newest JPEG is compared with the one before. Pure.
 */
export class FreezeDetector {
  #last: Buffer | null = null;
  #unchangedSince = 0;

  constructor(private readonly frozenAfterMs: number) {}

  /** @returns whether the picture has been the same for long enough to say so */
  note(jpeg: ArrayBuffer, now: number): boolean {
    const bytes = Buffer.from(jpeg);
    if (!this.#last?.equals(bytes)) this.#unchangedSince = now;
    this.#last = bytes;
    return now - this.#unchangedSince >= this.frozenAfterMs;
  }

  reset(): void {
    this.#last = null;
  }
}
