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

/** How long a camera that is decoded in key frames only may be silent and still be live, learnt from its key frames. Pure. */
export class KeyFrameGap {
  #lastAt: number | null = null;
  #gaps: number[] = [];

  /** @param stallMs how long a camera that is decoded whole may be silent */
  constructor(private readonly stallMs: number) {}

  /** Longest silence that is normal, ms, a multiple of 5 s. */
  get maxMs(): number {
    const longest = this.#gaps.length === 0 ? UNKNOWN_GAP * this.stallMs : MARGIN * Math.max(...this.#gaps);
    return Math.ceil(longest / STEP_MS) * STEP_MS;
  }

  /** A key frame came. `now` is monotonic, ms. */
  note(now: number): void {
    if (this.#lastAt !== null) {
      const gap = now - this.#lastAt;
      if (gap < SAME_FRAME_MS) return;
      this.#gaps = [...this.#gaps, gap].slice(-REMEMBERED);
    }
    this.#lastAt = now;
  }

  /** The frames were interrupted, or all frames came meanwhile: that gap says nothing. */
  interrupt(): void {
    this.#lastAt = null;
  }
}
