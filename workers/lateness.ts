/** The baseline is the least delay of this long, in two halves: a camera's clock may run 100 ppm fast or slow. */
const HALF_WINDOW_MS = 30_000;

/**
 * How much later units arrive than they could: the time from picture to arrival (by the camera's clock and ours, so that only its
 * changes mean something) against its least value in a window. A relay that sends the past, a line with a queue, and a thread that
 * reads too late all show in it. Pure.
 */
export class Lateness {
  #halfEndsAt = -Infinity;
  #before = Infinity;
  #least = Infinity;
  #now = 0;

  /** Of the last unit, ms. */
  get ms(): number {
    return this.#now;
  }

  /**
   * @param mediaTimeMs of display, by the camera's clock
   * @param arrivedAt of the last packet, ms
   */
  note(mediaTimeMs: number, arrivedAt: number): void {
    const delay = arrivedAt - mediaTimeMs;
    if (arrivedAt >= this.#halfEndsAt) {
      this.#before = this.#least;
      this.#least = Infinity;
      this.#halfEndsAt = arrivedAt + HALF_WINDOW_MS;
    }
    this.#least = Math.min(this.#least, delay);
    this.#now = delay - Math.min(this.#least, this.#before);
  }
}
