import { CAMERA_FAULTS, type CameraErrorCode } from '../../shared/errors.js';

export interface RetryTimes {
  /** First pause, ms. */
  readonly minMs: number;
  /** Longest pause, ms. */
  readonly maxMs: number;
  /** Pause after refused credentials, ms: a camera may lock the account. */
  readonly holdMs: number;
}

/** A run that was live for this long starts the backoff anew. */
const RESET_AFTER_LIVE_MS = 30_000;

/** Share by which a pause is spread, so that cameras behind one switch do not come back in step. */
const JITTER = 0.2;

/** How long to wait before each next try. Pure but for the injected `random` (0 to 1). */
export class Backoff {
  #failures = 0;
  #workerDeaths = 0;

  constructor(
    private readonly times: RetryTimes,
    private readonly random: () => number,
  ) {}

  /**
   * @param code why the run ended
   * @param liveMs how long it had been live
   * @returns pause in ms
   */
  next(code: CameraErrorCode, liveMs: number): number {
    if (liveMs >= RESET_AFTER_LIVE_MS) this.reset();
    if (CAMERA_FAULTS[code].retry === 'hold') return this.#longer(this.times.holdMs);
    // The camera is not to blame for a dead thread: the first replacement comes at once.
    if (code === 'worker_died' && this.#workerDeaths++ === 0) return 0;
    const pause = Math.min(this.times.maxMs, this.times.minMs * 2 ** this.#failures);
    this.#failures++;
    return this.#spread(pause);
  }

  reset(): void {
    this.#failures = 0;
    this.#workerDeaths = 0;
  }

  /** A hold is never shorter than what was asked for: cameras lock accounts by the minute. */
  #longer(ms: number): number {
    return Math.round(ms * (1 + JITTER * this.random()));
  }

  #spread(ms: number): number {
    return Math.round(ms * (1 + JITTER * (2 * this.random() - 1)));
  }
}
