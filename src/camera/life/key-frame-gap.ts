import type { KeyFrames } from '../../decoding/decode-plan.js';

/** A gap counts as this much longer before a picture is called old: key frames come by the camera's clock, not by ours. */
const MARGIN = 1.5;
/** How many stall timeouts old a key frame may be and still pass for live, until the camera has shown two. */
const UNKNOWN_GAP = 4;
/** Gaps that are remembered: a camera may change its key-frame interval with what it sees. */
const REMEMBERED = 8;
/** Signs of life closer together than this are of one key frame: its renditions, and the count of it. */
const SAME_FRAME_MS = 900;
/** Viewers are told in these steps, so that they are not told of every jitter. */
const STEP_MS = 5000;
/** Key frames further apart than this, ms, do not stand for the picture: cameras mostly send one every one to four seconds. */
export const RARE_MS = 5000;

/**
 * How far apart a camera's key frames are, learnt from those that came while only key frames were decoded, or from the worker's
 * reports. Kept from run to run. Pure; times are monotonic, ms.
 */
export class KeyFrameGap {
  #lastAt: number | null = null;
  #gaps: number[] = [];
  #isLate = false;
  #isSeen = false;

  /** @param stallMs how long a camera that is decoded whole may be silent */
  constructor(private readonly stallMs: number) {}

  /** Longest silence that is normal, ms, a multiple of 5 s. */
  get maxMs(): number {
    const longest = this.#gaps.length === 0 ? UNKNOWN_GAP * this.stallMs : MARGIN * this.#longest;
    return Math.ceil(longest / STEP_MS) * STEP_MS;
  }

  /** `frequent` until the camera has shown something else. */
  get keyFrames(): KeyFrames {
    if (this.#isLate && !this.#isSeen) return 'missing';
    return this.#isLate || this.#longest > RARE_MS ? 'rare' : 'frequent';
  }

  /** A key frame came. */
  note(now: number): void {
    this.#isSeen = true;
    if (this.#lastAt !== null) {
      const gap = now - this.#lastAt;
      if (gap < SAME_FRAME_MS) return;
      this.#gaps = [...this.#gaps, gap].slice(-REMEMBERED);
      this.#isLate = false;
    }
    this.#lastAt = now;
  }

  /** The worker has seen key frames this far apart. */
  report(gapMs: number): void {
    this.#isSeen = true;
    this.#gaps = [gapMs];
    this.#isLate = false;
  }

  /** No key frame came for RARE_MS while only key frames were decoded, or an intra refresh came in its place. */
  late(): void {
    this.#isLate = true;
  }

  /** The frames were interrupted, or all frames came meanwhile: that gap says nothing. */
  interrupt(): void {
    this.#lastAt = null;
  }

  get #longest(): number {
    return Math.max(0, ...this.#gaps);
  }
}
