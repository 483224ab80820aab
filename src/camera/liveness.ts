import type { DecodePlan } from '../shared/worker-protocol.js';
import type { KeyFrameGap } from './key-frame-gap.js';

/**
 * Key frames may be far apart, up to a minute where the encoder stretches them on a still scene: in that mode the stall watchdog waits
 * this many times longer. A connection that falls silent is ended by FFmpeg's own socket timeout long before.
 */
const KEY_FRAME_PATIENCE = 13;

export interface LivenessTimes {
  /** The first frame is due this long after the start, ms. */
  readonly openMs: number;
  /** Each further frame is due this long after the one before, ms. */
  readonly stallMs: number;
}

type Mode = Pick<DecodePlan, 'keyFramesOnly'>;

/** How old a camera's picture may be and still be of the present, ms; undefined while all frames are decoded. */
export const maxGapMs = (mode: Mode, gap: KeyFrameGap): number | undefined =>
  mode.keyFramesOnly ? gap.maxMs : undefined;

/** When the next sign of life of one run is due. Pure; times are monotonic, ms. */
export class Liveness {
  #lastSignAt: number | null = null;
  /** When the plan last asked for more than key frames: until then a long gap was no stall. */
  #allFramesSince = 0;

  /** @param gap what the camera's key frames have shown; kept from run to run */
  constructor(
    private readonly times: LivenessTimes,
    private mode: Mode,
    private readonly gap: KeyFrameGap,
    private readonly startedAt: number,
  ) {
    gap.interrupt();
  }

  /** Whether a frame has come. */
  get isLive(): boolean {
    return this.#lastSignAt !== null;
  }

  /** When the run is overdue unless a frame comes before. */
  get dueAt(): number {
    const { openMs, stallMs } = this.times;
    if (this.#lastSignAt === null) return this.startedAt + openMs;
    const patience = this.mode.keyFramesOnly ? KEY_FRAME_PATIENCE : 1;
    return Math.max(this.#lastSignAt, this.#allFramesSince) + stallMs * patience;
  }

  /** What is overdue at `now`; `null` when nothing is. */
  overdue(now: number): 'open_timeout' | 'stall' | null {
    if (now < this.dueAt) return null;
    return this.isLive ? 'stall' : 'open_timeout';
  }

  /** A frame came, or was decoded although nobody wanted it. */
  frame(now: number): void {
    this.#lastSignAt = now;
    if (this.mode.keyFramesOnly) this.gap.note(now);
  }

  plan(next: Mode, now: number): void {
    if (this.mode.keyFramesOnly && !next.keyFramesOnly) this.#allFramesSince = now;
    if (!this.mode.keyFramesOnly) this.gap.interrupt();
    this.mode = next;
  }
}
