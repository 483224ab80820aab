/** Pictures that ended with the marker and were followed by another picture, until markers are believed. */
const CONFIRMATIONS = 3;

/**
 * Whether a camera's marker bits say where pictures end. RFC 6184, 7798, 2435 and 6416 want it on a picture's last
 * packet; there are cameras that never set it, and some that set it on each slice. Nothing torn may come of that, so it
 * is learned:
 * - `unproven`: a marker ends a picture after a short while without more of it.
 * - `trusted`: a marker ends a picture at once.
 * - `untrue`: more of a picture came behind its marker. A picture ends where the next one begins.
 */
export class MarkerTrust {
  #state: 'unproven' | 'trusted' | 'untrue' = 'unproven';
  #confirmed = 0;

  get state(): 'unproven' | 'trusted' | 'untrue' {
    return this.#state;
  }

  /** A picture began right behind one that had ended with a marker. */
  confirm(): void {
    this.#confirmed += 1;
    if (this.#confirmed >= CONFIRMATIONS) this.prove();
  }

  /** The camera tells the last part of a picture, by its marker, from parts before it. */
  prove(): void {
    if (this.#state === 'unproven') this.#state = 'trusted';
  }

  /** More of a picture came behind its marker. Answers whether that is news. */
  contradict(): boolean {
    const news = this.#state !== 'untrue';
    this.#state = 'untrue';
    return news;
  }
}
