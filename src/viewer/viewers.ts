import type { RefusalCode } from '../shared/errors.js';

/** A viewer as it is looked at. */
export interface BeatenViewer {
  beat(): void;
  refuse(code: RefusalCode, message: string): void;
}

/** How often a viewer's lag is looked at, ms, while there are few. */
export const BEAT_MS = 100;

/**
 * Beats a second over all viewers: above BEATS_PER_SECOND / 10 viewers the beat gets longer instead of the main thread busier.
 * A beat costs about 17 us (a ping out, a pong in; bench/slow-viewer/main.ts), so this is some 4 % of it.
 */
const BEATS_PER_SECOND = 2400;

/** The beat is spread over slices of this length, so that thousands of pings do not go out in one burst. */
const SLICE_MS = 20;

/** All plain viewers, and the clock by which they are looked at. */
export class Viewers {
  readonly #all = new Set<BeatenViewer>();
  #turn: Iterator<BeatenViewer>;
  #due = 0;
  readonly #timer: NodeJS.Timeout;

  constructor() {
    this.#turn = this.#all.values();
    this.#timer = setInterval(() => {
      this.#slice();
    }, SLICE_MS);
  }

  get size(): number {
    return this.#all.size;
  }

  add(viewer: BeatenViewer): void {
    this.#all.add(viewer);
  }

  remove(viewer: BeatenViewer): void {
    this.#all.delete(viewer);
  }

  close(): void {
    clearInterval(this.#timer);
    for (const viewer of [...this.#all]) viewer.refuse('shutting_down', 'server is going away');
  }

  #slice(): void {
    const beatsInSlice = Math.min(this.#all.size / BEAT_MS, BEATS_PER_SECOND / 1000) * SLICE_MS;
    this.#due = Math.min(this.#due + beatsInSlice, this.#all.size);
    for (; this.#due >= 1; this.#due--) {
      let next = this.#turn.next();
      if (next.done) {
        // A set's iterator sees what is added behind it and skips what was removed: each round is a new one.
        this.#turn = this.#all.values();
        next = this.#turn.next();
        if (next.done) return;
      }
      next.value.beat();
    }
  }
}
