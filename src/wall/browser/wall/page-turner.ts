import { type Sequence, type Turn, turnAt } from '../../page/sequence.js';

/** Looked at again at least so often, ms: the clocks may be set. */
const LOOK_MS = 30_000;

/** Tells when the pages of a sequence are to be prepared and turned. */
export class PageTurner {
  #timer: ReturnType<typeof setTimeout> | undefined;

  /**
   * @param now Unix epoch, ms, by the server's clock
   * @param due the next page is to be prepared, or shown: call `follow` again
   */
  constructor(
    private readonly now: () => number,
    private readonly due: () => void,
  ) {}

  /** Where the sequence is now; from here on `due` is called for this sequence. */
  follow(sequence: Sequence): Turn {
    clearTimeout(this.#timer);
    const turn = turnAt(sequence, this.now());
    const wait = turn.preparesIn > 0 ? turn.preparesIn : turn.turnsIn;
    if (Number.isFinite(wait)) this.#timer = setTimeout(this.due, Math.min(LOOK_MS, wait));
    return turn;
  }

  stop(): void {
    clearTimeout(this.#timer);
  }
}
