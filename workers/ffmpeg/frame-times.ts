const NEWLINE = 0x0a;
const ZERO = 0x30;
const NINE = 0x39;

/** A decoder that gives times but no frames, or the other way round, is broken: no more than this is kept. */
const MOST_WAITING = 1024;

/**
 * Which time a frame has: FFmpeg writes one line a picture (`mkvtimestamp_v2`), and the n-th frame of each output belongs to the
 * n-th line. No I/O.
 */
export class FrameTimes {
  /** Times of the frames `#first`, `#first + 1`, ... */
  #times: number[] = [];
  #first = 0;
  /** The line that is not whole yet; `null` while the rest of a comment is passed over. */
  #line: number | null = 0;
  #digits = 0;
  /** Frames taken of each output. */
  readonly #taken: number[];

  /** @param outputs at least 1 */
  constructor(outputs: number) {
    this.#taken = new Array<number>(outputs).fill(0);
  }

  /** Takes the next bytes of the lines, in chunks of any size. */
  push(chunk: Uint8Array): void {
    for (const byte of chunk) {
      if (byte === NEWLINE) this.#endLine();
      else if (byte < ZERO || byte > NINE) this.#line = null;
      else if (this.#line !== null) {
        this.#line = this.#line * 10 + byte - ZERO;
        this.#digits++;
      }
    }
  }

  /** Time of the next frame of an output, ticks; `null` if its line has not come yet. */
  take(output: number): number | null {
    const frame = this.#taken[output] ?? 0;
    const time = this.#times[frame - this.#first];
    if (time === undefined) return null;
    this.skip(output);
    return time;
  }

  /** Whether the time of an output's next frame is known. */
  has(output: number): boolean {
    return (this.#taken[output] ?? 0) - this.#first < this.#times.length;
  }

  /** Passes over the next frame of an output, also if its line has not come yet. */
  skip(output: number): void {
    this.#taken[output] = (this.#taken[output] ?? 0) + 1;
    this.#forget(Math.min(...this.#taken));
  }

  #endLine(): void {
    if (this.#line !== null && this.#digits > 0) this.#times.push(this.#line);
    this.#line = 0;
    this.#digits = 0;
    const surplus = this.#times.length - MOST_WAITING;
    if (surplus > 0) {
      this.#forget(this.#first + surplus);
      this.#taken.forEach((frame, output) => (this.#taken[output] = Math.max(frame, this.#first)));
    }
  }

  #forget(frame: number): void {
    const known = Math.min(frame, this.#first + this.#times.length);
    if (known <= this.#first) return;
    this.#times.splice(0, known - this.#first);
    this.#first = known;
  }
}
