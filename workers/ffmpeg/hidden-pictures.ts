/** A decoder that begins in an intra refresh gives none of its pictures: what was kept of these is never asked for. */
const MOST_KEPT = 1024;

/** Which pictures of a decoder are not to be shown: others need them, but they are not right themselves. No I/O. */
export class HiddenPictures {
  /** Outputs that are still to give the picture, by its time. */
  readonly #left = new Map<number, number>();

  /** @param outputs at least 1; they give their pictures in any order */
  constructor(private readonly outputs: number) {}

  /** @param ticks of a unit that the decoder is given */
  add(ticks: number): void {
    this.#left.set(ticks, this.outputs);
    const [oldest] = this.#left.keys();
    if (oldest !== undefined && this.#left.size > MOST_KEPT) this.#left.delete(oldest);
  }

  /** One of the outputs gave a picture. @returns whether it is one of these */
  take(ticks: number): boolean {
    const left = this.#left.get(ticks);
    if (left === undefined) return false;
    if (left > 1) this.#left.set(ticks, left - 1);
    else this.#left.delete(ticks);
    return true;
  }
}
