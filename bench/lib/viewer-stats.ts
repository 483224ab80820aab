import { Histogram } from './stats.js';

/** How a connection ended. 1005: closed without a code; 1006: the socket died without a close frame. */
export interface Closed {
  readonly code: number;
  readonly reason: string;
}

/** What one viewer saw, since it connected or since {@link ViewerStats.beginWindow}. Times in ms of the monotonic clock. */
export class ViewerStats {
  frames = 0;
  bytes = 0;
  /** Messages that are not whole JPEGs (wrong first or last two bytes). They count as frames too. */
  torn = 0;
  pings = 0;
  texts = 0;
  /** From the connect call to the end of the first frame. */
  firstFrameMs: number | undefined;
  closed: Closed | undefined;
  /** Time between the ends of successive frames, ms. */
  readonly gaps = new Histogram();
  readonly #connectedAt: number;
  #lastFrameAt: number | undefined;

  constructor(now: number) {
    this.#connectedAt = now;
  }

  frame(bytes: number, whole: boolean, now: number): void {
    this.frames += 1;
    this.bytes += bytes;
    if (!whole) this.torn += 1;
    this.firstFrameMs ??= now - this.#connectedAt;
    if (this.#lastFrameAt !== undefined) this.gaps.add(now - this.#lastFrameAt);
    this.#lastFrameAt = now;
  }

  /** Counts anew from here. A gap that began before is counted in full when it ends. */
  beginWindow(): void {
    this.frames = 0;
    this.bytes = 0;
    this.torn = 0;
    this.pings = 0;
    this.texts = 0;
    this.gaps.clear();
  }

  /** How long the viewer has been without a frame: a stall that has not ended is in no histogram. */
  openGapMs(now: number): number {
    return now - (this.#lastFrameAt ?? this.#connectedAt);
  }
}
