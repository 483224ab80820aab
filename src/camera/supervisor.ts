import { type CameraState, type CameraStatus, OFFLINE_AFTER_MS } from '../shared/camera-state.js';
import { type Clock, epochMs } from '../shared/clock.js';
import type { ConnectGate } from './connect-gate.js';
import { type CameraOpener, type CameraRun, PROBE_FAULTS } from '../decoding/camera-run.js';
import { CAMERA_FAULTS, type CameraErrorCode } from '../shared/errors.js';
import { FreezeDetector } from './freeze-detector.js';
import { KeyFrameGap } from './key-frame-gap.js';
import {
  countersSince,
  type DecodePlan,
  type FrameMessage,
  type RunCounters,
  type RunEnd,
} from '../shared/worker-protocol.js';
import { Backoff, type RetryTimes } from './backoff.js';

export interface SupervisorTimes extends RetryTimes {
  readonly openMs: number;
  readonly stallMs: number;
  readonly frozenAfterMs: number;
}

export interface SupervisorEvents {
  frame(frame: FrameMessage): void;
  /** What was counted since the last call. */
  counted(counters: RunCounters): void;
  state(status: CameraStatus): void;
  /** A run ended on its own. `first`: the camera has never been live, so whoever waits for it is told. */
  failed(failure: { code: CameraErrorCode; detail: string; first: boolean; retryInMs: number }): void;
}

/**
 * Key frames may be far apart, up to a minute where the encoder stretches them on a still scene: in that mode the stall watchdog waits
 * this many times longer. A connection that falls silent is ended by FFmpeg's own socket timeout long before.
 */
const KEY_FRAME_PATIENCE = 13;
/** How many stall timeouts old a key frame may be and still pass for live, until the camera has shown two. */
const UNKNOWN_GAP = 4;

/** A viewer's wish brings the next try of a camera that never was live forward to this, ms after the last failure. */
const WISHED_RETRY_MS = 1000;

/**
 * The life of one camera: connecting -> live -> stale -> (pause) -> connecting ..., until stopped.
 * It alone retries; it alone judges stalls; clock and opener are injected.
 */
export class Supervisor {
  #status: CameraStatus = { state: 'connecting', reason: null, since: Math.round(epochMs()) };
  #everLive = false;
  #lastFailure: CameraErrorCode | null = null;
  #longProbe = false;
  #run: CameraRun | null = null;
  #lastFrameAt = 0;
  #liveSince: number | null = null;
  /** Ends the present pause; `null` when there is none. */
  #wake: (() => void) | null = null;
  #cancelWish: (() => void) | null = null;
  #failedAt = 0;
  /** When the plan last asked for more than key frames: until then a long gap was no stall. */
  #fullSince = 0;
  #cancelOffline: (() => void) | null = null;
  readonly #gap: KeyFrameGap;
  readonly #abort = new AbortController();
  readonly #backoff: Backoff;
  readonly #freeze: FreezeDetector;
  readonly #done: Promise<void>;

  constructor(
    private plan: DecodePlan,
    private readonly opener: CameraOpener,
    private readonly gate: ConnectGate,
    private readonly times: SupervisorTimes,
    private readonly clock: Clock,
    private readonly events: SupervisorEvents,
    random: () => number = Math.random,
  ) {
    this.#backoff = new Backoff(times, random);
    this.#freeze = new FreezeDetector(times.frozenAfterMs);
    this.#gap = new KeyFrameGap(times.stallMs * UNKNOWN_GAP);
    this.#done = this.#live();
  }

  get status(): CameraStatus {
    return this.#status;
  }

  /** Why the camera is not live although it was tried; `null` while the first try is on. */
  get lastFailure(): CameraErrorCode | null {
    return this.#everLive ? null : this.#lastFailure;
  }

  setPlan(plan: DecodePlan): void {
    if (this.plan.keyFramesOnly && !plan.keyFramesOnly) this.#fullSince = this.clock.now();
    if (!this.plan.keyFramesOnly) this.#gap.interrupt();
    this.plan = plan;
    // A shorter gap holds from the next frame on: until then the newest is still a key frame of long ago.
    if (plan.keyFramesOnly) this.#tellGap();
    this.#run?.setPlan(plan);
  }

  /** Somebody wants the picture now: a camera that never was live is tried again soon, unless it refused credentials. */
  wish(): void {
    if (this.#everLive || !this.#wake || this.#cancelWish || !this.#lastFailure) return;
    if (CAMERA_FAULTS[this.#lastFailure].retry === 'hold') return;
    const left = Math.max(0, this.#failedAt + WISHED_RETRY_MS - this.clock.now());
    this.#cancelWish = this.clock.after(left, this.#wake);
  }

  /** Resolves when the run has ended and everything of it is gone. */
  stop(): Promise<void> {
    this.#abort.abort();
    this.#cancelOffline?.();
    this.#run?.stop();
    this.#wake?.();
    return this.#done;
  }

  #isStopped(): boolean {
    return this.#abort.signal.aborted;
  }

  async #live(): Promise<void> {
    while (!this.#isStopped()) {
      const leaveGate = await this.gate.enter(this.#abort.signal);
      if (!leaveGate) return;
      // The slot may have been granted in the same turn as the stop came.
      if (this.#isStopped()) {
        leaveGate();
        return;
      }
      const { code, detail } = await this.#runOnce(leaveGate).finally(leaveGate);
      if (code === 'stopped' || this.#isStopped()) return;
      await this.#afterFailure(code, detail);
    }
  }

  async #runOnce(onFirstFrame: () => void): Promise<{ code: RunEnd['code']; detail: string }> {
    const verdict: { code: CameraErrorCode | null } = { code: null };
    this.#liveSince = null;
    this.#freeze.reset();
    this.#gap.interrupt();
    if (!this.#everLive && this.#lastFailure === null) this.#setState('connecting', null);
    const alive = (): void => {
      this.#lastFrameAt = this.clock.now();
      if (this.plan.keyFramesOnly) this.#gap.note(this.#lastFrameAt);
      this.#tellGap();
      if (this.#liveSince !== null) return;
      this.#liveSince = this.#lastFrameAt;
      this.#everLive = true;
      this.#setState('live', null);
      onFirstFrame();
    };
    let before: RunCounters | null = null;
    const run = this.opener.open(
      { plan: this.plan, longProbe: this.#longProbe },
      {
        frame: (frame) => {
          // Frames still on their way from a run that was told to stop belong to nobody.
          if (verdict.code !== null || this.#isStopped()) return;
          alive();
          this.#noteFreeze(frame);
          this.events.frame(frame);
        },
        counters: (counters) => {
          if (this.#isStopped()) return;
          if (verdict.code === null && counters.decoded > (before?.decoded ?? 0)) alive();
          this.events.counted(countersSince(before, counters));
          before = counters;
        },
      },
    );
    this.#run = run;
    const cancelWatch = this.#watch((code) => {
      verdict.code = code;
      if (code === 'stall') this.#setState('stale', code);
      run.stop();
    });
    const end = await run.ended;
    cancelWatch();
    this.#run = null;
    if (verdict.code !== null) return { code: verdict.code, detail: '' };
    return end.code === 'stopped' ? { code: 'stopped', detail: '' } : end;
  }

  /** Calls `judge` once when the first frame, or a later one, is overdue. */
  #watch(judge: (code: 'open_timeout' | 'stall') => void): () => void {
    const started = this.clock.now();
    let cancel: () => void;
    const check = (): void => {
      const opening = this.#liveSince === null;
      const stallMs = this.times.stallMs * (this.plan.keyFramesOnly ? KEY_FRAME_PATIENCE : 1);
      const due = opening
        ? started + this.times.openMs
        : Math.max(this.#lastFrameAt, this.#fullSince) + stallMs;
      const left = due - this.clock.now();
      if (left <= 0) judge(opening ? 'open_timeout' : 'stall');
      // Looked at again soon enough to see a first frame turn the open timeout into the shorter stall timeout.
      else cancel = this.clock.after(Math.min(left, this.times.stallMs / 2), check);
    };
    cancel = this.clock.after(Math.min(this.times.openMs, this.times.stallMs / 2), check);
    return () => {
      cancel();
    };
  }

  async #afterFailure(code: CameraErrorCode, detail: string): Promise<void> {
    const first = !this.#everLive;
    const liveMs = this.#liveSince === null ? 0 : this.clock.now() - this.#liveSince;
    // A stream that short probing cannot open is tried with the long probe; what works is kept for this camera.
    const otherProbe = this.#liveSince === null && PROBE_FAULTS.has(code);
    if (otherProbe) this.#longProbe = !this.#longProbe;
    const atOnce = otherProbe && this.#longProbe && code !== 'open_timeout';
    const pause = atOnce ? 0 : this.#backoff.next(code, liveMs);
    this.#lastFailure = code;
    this.#failedAt = this.clock.now();
    if (!atOnce) {
      if (first) this.#setState('offline', code);
      else if (this.#status.state !== 'offline') this.#setState('stale', code);
      this.events.failed({ code, detail, first, retryInMs: pause });
    }
    await this.#pause(pause);
  }

  #pause(ms: number): Promise<void> {
    return new Promise((resolve) => {
      const wake = (): void => {
        cancel();
        this.#cancelWish?.();
        this.#cancelWish = null;
        this.#wake = null;
        resolve();
      };
      const cancel = this.clock.after(ms, wake);
      this.#wake = wake;
      if (this.#isStopped()) this.#wake();
    });
  }

  #noteFreeze(frame: FrameMessage): void {
    const frozen = this.#freeze.note(frame.key, frame.jpeg, this.clock.now());
    if (frozen !== (this.#status.state === 'frozen')) this.#setState(frozen ? 'frozen' : 'live', null);
  }

  #maxGap(): Pick<CameraStatus, 'maxGapMs'> {
    return this.plan.keyFramesOnly ? { maxGapMs: this.#gap.maxMs } : {};
  }

  /** Tells viewers when the bound by which they judge their picture changes. */
  #tellGap(): void {
    const { state, reason, since, maxGapMs } = this.#status;
    const next = this.#maxGap();
    if (next.maxGapMs === maxGapMs || this.#isStopped()) return;
    this.#status = { state, reason, since, ...next };
    this.events.state(this.#status);
  }

  #setState(state: CameraState, reason: CameraErrorCode | null): void {
    if (this.#isStopped() || (this.#status.state === state && this.#status.reason === reason)) return;
    const since = this.#status.state === state ? this.#status.since : Math.round(epochMs());
    this.#status = { state, reason, since, ...this.#maxGap() };
    this.#cancelOffline?.();
    this.#cancelOffline = null;
    if (state === 'stale') {
      const left = Math.max(0, this.#lastFrameAt + OFFLINE_AFTER_MS - this.clock.now());
      this.#cancelOffline = this.clock.after(left, () => {
        this.#setState('offline', this.#status.reason);
      });
    }
    this.events.state(this.#status);
  }
}
