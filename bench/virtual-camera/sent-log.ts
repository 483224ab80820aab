/** A picture's absolute number, and when it was handed to the first viewer's socket: Unix epoch, ms with fraction. */
export type SentFrame = readonly [absolute: number, epochMs: number];

/** The newest so many pictures are remembered: 2:43 minutes at 25 a second. */
const CAPACITY = 4096;

/** When each picture was sent, newest kept. */
export class SentLog {
  readonly #absolutes = new Float64Array(CAPACITY).fill(-1);
  readonly #times = new Float64Array(CAPACITY);
  #newest = -1;

  record(absolute: number, epochMs: number): void {
    this.#absolutes[absolute % CAPACITY] = absolute;
    this.#times[absolute % CAPACITY] = epochMs;
    this.#newest = absolute;
  }

  /** Remembered pictures from `absolute` on, in order; pictures that were sent to nobody are missing. */
  from(absolute: number): SentFrame[] {
    const sent: SentFrame[] = [];
    for (let at = Math.max(0, absolute, this.#newest - CAPACITY + 1); at <= this.#newest; at++) {
      if (this.#absolutes[at % CAPACITY] === at) sent.push([at, this.#times[at % CAPACITY] ?? 0]);
    }
    return sent;
  }
}
