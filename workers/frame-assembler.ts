/**
 * Cuts the byte stream of one decoder output into whole frames of a fixed size. No I/O.
 *
 * Two buffers take turns: bytes are read straight into one (`space`) while the other may still hold the last whole frame.
 * A frame stays valid until the next one is whole: whoever needs it longer copies it. Newest wins.
 */
export class FrameAssembler {
  /** Size of a frame in bytes. */
  readonly frameBytes: number;
  #filling: Uint8Array;
  #other: Uint8Array;
  #have = 0;

  /** @param buffers two of a frame's size each, at least 1 byte */
  constructor(buffers: readonly [Uint8Array, Uint8Array]) {
    [this.#filling, this.#other] = buffers;
    this.frameBytes = this.#filling.length;
    if (this.frameBytes < 1 || this.#other.length !== this.frameBytes)
      throw new RangeError(`frames of ${this.frameBytes} and ${this.#other.length} bytes`);
  }

  /** Bytes of an unfinished frame. */
  get partialBytes(): number {
    return this.#have;
  }

  /** Where the next bytes of the stream belong: never empty, never past the frame's end. */
  space(): Uint8Array {
    return this.#filling.subarray(this.#have);
  }

  /** Tells that the first `count` bytes of `space()` were written; gives the frame if that made it whole. */
  filled(count: number): Uint8Array | null {
    if (count < 0 || this.#have + count > this.frameBytes)
      throw new RangeError(`${count} bytes past the frame`);
    this.#have += count;
    if (this.#have < this.frameBytes) return null;
    const whole = this.#filling;
    this.#filling = this.#other;
    this.#other = whole;
    this.#have = 0;
    return whole;
  }

  /** The same for bytes that arrive in chunks of someone else's: copies them in and calls `onFrame` for each whole frame. */
  push(chunk: Uint8Array, onFrame: (frame: Uint8Array) => void): void {
    for (let at = 0; at < chunk.length;) {
      const space = this.space();
      const part = chunk.subarray(at, at + space.length);
      space.set(part);
      at += part.length;
      const frame = this.filled(part.length);
      if (frame) onFrame(frame);
    }
  }
}
