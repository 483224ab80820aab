import { type CameraState, type CameraStatus, OFFLINE_AFTER_MS } from '../../shared/camera-state.js';
import { type Clock, epochMs } from '../../shared/clock.js';
import type { CameraErrorCode } from '../../shared/errors.js';

/** What viewers are told of a camera, and the timer that turns stale into offline. */
export class StatusTracker {
  #status: CameraStatus = { state: 'connecting', reason: null, since: Math.round(epochMs()) };
  #cancelOffline: (() => void) | null = null;
  #closed = false;

  /**
   * @param maxGapMs how old a picture may be now and still be of the present
   * @param tell is called with each change
   */
  constructor(
    private readonly clock: Clock,
    private readonly maxGapMs: () => number | undefined,
    private readonly tell: (status: CameraStatus) => void,
  ) {}

  get status(): CameraStatus {
    return this.#status;
  }

  /** @param lastFrameAt when the newest picture came: a stale one is offline OFFLINE_AFTER_MS later. Monotonic, ms */
  set(state: CameraState, reason: CameraErrorCode | null, lastFrameAt: number): void {
    if (this.#closed || (this.#status.state === state && this.#status.reason === reason)) return;
    const since = this.#status.state === state ? this.#status.since : Math.round(epochMs());
    this.#status = { state, reason, since, ...this.#gap() };
    this.#cancelOffline?.();
    this.#cancelOffline = null;
    if (state === 'stale') {
      const left = Math.max(0, lastFrameAt + OFFLINE_AFTER_MS - this.clock.now());
      this.#cancelOffline = this.clock.after(left, () => {
        this.set('offline', this.#status.reason, lastFrameAt);
      });
    }
    this.tell(this.#status);
  }

  /** Tells viewers when the bound by which they judge their picture has changed. */
  gapChanged(): void {
    const { state, reason, since, maxGapMs } = this.#status;
    const gap = this.#gap();
    if (this.#closed || gap.maxGapMs === maxGapMs) return;
    this.#status = { state, reason, since, ...gap };
    this.tell(this.#status);
  }

  close(): void {
    this.#closed = true;
    this.#cancelOffline?.();
  }

  #gap(): Pick<CameraStatus, 'maxGapMs'> {
    const maxGapMs = this.maxGapMs();
    return maxGapMs === undefined ? {} : { maxGapMs };
  }
}
