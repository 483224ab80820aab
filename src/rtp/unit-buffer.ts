/** Coded bytes of one picture, at most: 8K H.264 intra pictures stay below it. */
export const MAX_UNIT_BYTES = 8 * 1024 * 1024;
const INITIAL_BYTES = 64 * 1024;

/** Where a picture's bytes are put together: one memory for the whole stream, copied out once a picture. */
export class UnitBuffer {
  #bytes = new Uint8Array(INITIAL_BYTES);
  #length = 0;

  get bytes(): Uint8Array {
    return this.#bytes;
  }

  get length(): number {
    return this.#length;
  }

  /** False, and nothing is added, where MAX_UNIT_BYTES would be passed. */
  append(data: Uint8Array, from: number, to: number): boolean {
    if (!this.#reserve(to - from)) return false;
    this.#bytes.set(from === 0 && to === data.length ? data : data.subarray(from, to), this.#length);
    this.#length += to - from;
    return true;
  }

  appendByte(byte: number): boolean {
    if (!this.#reserve(1)) return false;
    this.#bytes[this.#length] = byte;
    this.#length += 1;
    return true;
  }

  startCode(): boolean {
    if (!this.#reserve(4)) return false;
    this.#bytes.fill(0, this.#length, this.#length + 3);
    this.#bytes[this.#length + 3] = 1;
    this.#length += 4;
    return true;
  }

  truncate(length: number): void {
    this.#length = Math.min(this.#length, length);
  }

  discardFront(bytes: number): void {
    if (bytes < this.#length) this.#bytes.copyWithin(0, bytes, this.#length);
    this.#length = Math.max(0, this.#length - bytes);
  }

  /** `prefix`, the bytes from `from` to `to`, and `suffix`, in memory of their own. */
  copy(prefix: Uint8Array, from: number, to: number, suffix: Uint8Array): Uint8Array<ArrayBuffer> {
    const length = prefix.length + to - from + suffix.length;
    // Not filled with zeros first, and not a part of Buffer's pool: it may be transferred.
    const unit = new Uint8Array(Buffer.allocUnsafeSlow(length).buffer, 0, length);
    unit.set(prefix);
    unit.set(this.#bytes.subarray(from, to), prefix.length);
    unit.set(suffix, prefix.length + to - from);
    return unit;
  }

  #reserve(bytes: number): boolean {
    const needed = this.#length + bytes;
    if (needed > MAX_UNIT_BYTES) return false;
    if (needed > this.#bytes.length) {
      const grown = new Uint8Array(Math.min(MAX_UNIT_BYTES, Math.max(needed, this.#bytes.length * 2)));
      grown.set(this.#bytes.subarray(0, this.#length));
      this.#bytes = grown;
    }
    return true;
  }
}
