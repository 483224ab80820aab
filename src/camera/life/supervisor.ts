import type { CameraStatus } from '../../shared/camera-state.js';
import type { Clock } from '../../shared/clock.js';
import type { CameraOpener } from '../../decoding/camera-run.js';
import type { KeyFrames } from '../../decoding/decode-plan.js';
import { CAMERA_FAULTS, type CameraErrorCode } from '../../shared/errors.js';
import type {
  DecodePlan,
  FrameMessage,
  RunCounters,
  UnitMessage,
  VideoReport,
} from '../../shared/worker-protocol.js';
import { Backoff, type RetryTimes } from './backoff.js';
import type { ConnectGate, ConnectRank, ConnectSlot } from './connect-gate.js';
import { FreezeDetector } from './freeze-detector.js';
import { KeyFrameGap } from './key-frame-gap.js';
import { type LivenessTimes, maxGapMs } from './liveness.js';
import { RetryPause } from './retry-pause.js';
import { StatusTracker } from './status-tracker.js';
import type { Supervision } from '../supervision.js';
import { WatchedRun } from './watched-run.js';

export interface SupervisorTimes extends RetryTimes, LivenessTimes {
  readonly frozenAfterMs: number;
}

export interface SupervisorEvents {
  frame(frame: FrameMessage): void;
  /** The video as it came, while the plan asks for it. */
  unit(unit: UnitMessage): void;
  /** What was counted since the last call. */
  counted(counters: RunCounters): void;
  /** What the worker tells of the video that it receives. */
  video(report: VideoReport): void;
  /** The camera has shown what its key frames are good for. */
  keyFrames(keyFrames: KeyFrames): void;
  state(status: CameraStatus): void;
  /** A run ended on its own. `first`: the camera has never been live, so its waiting viewers are told. */
  failed(failure: { code: CameraErrorCode; detail: string; first: boolean; retryInMs: number }): void;
}

/** A viewer's request brings the next try of a camera that never was live forward to this, ms after the last failure. */
const REQUESTED_RETRY_MS = 1000;

/** How a run failed. */
interface Failure {
  readonly code: CameraErrorCode;
  readonly detail: string;
  /** How long frames had come, ms; `null` when none did. */
  readonly liveMs: number | null;
}

/**
 * The life of one camera: connecting -> live -> stale -> (pause) -> connecting ..., until stopped.
 * It alone retries; clock and opener are injected.
 */
export class Supervisor implements Supervision {
  readonly remote = null;
  readonly #status: StatusTracker;
  readonly #gap: KeyFrameGap;
  readonly #backoff: Backoff;
  readonly #pause: RetryPause;
  readonly #abort = new AbortController();
  readonly #done: Promise<void>;
  #run: WatchedRun | null = null;
  #freeze: FreezeDetector;
  #everLive = false;
  #lastFrameAt = 0;
  /** The last run ended without a picture. */
  #failedLast = false;
  #failed: { readonly code: CameraErrorCode; readonly at: number } | null = null;

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
    this.#gap = new KeyFrameGap(times.stallMs);
    this.#pause = new RetryPause(clock);
    this.#status = new StatusTracker(
      clock,
      () => maxGapMs(this.plan, this.#gap),
      (status) => {
        events.state(status);
      },
    );
    this.#done = this.#live();
  }

  get status(): CameraStatus {
    return this.#status.status;
  }

  /** Why the camera is not live although it was tried; `null` while the first try is on. */
  get lastFailure(): CameraErrorCode | null {
    return this.#everLive ? null : (this.#failed?.code ?? null);
  }

  setPlan(plan: DecodePlan): void {
    this.plan = plan;
    this.#run?.setPlan(plan);
    // A shorter gap holds from the next frame on: until then the newest is still a key frame of long ago.
    if (plan.pictures !== 'all') this.#status.gapChanged();
  }

  /** For a new viewer, a camera that never was live is tried again soon, unless it refused credentials. */
  requestRetry(): void {
    if (this.#everLive || !this.#failed || CAMERA_FAULTS[this.#failed.code].retry === 'hold') return;
    this.#pause.shorten(this.#failed.at + REQUESTED_RETRY_MS);
  }

  /** A person asks for it: a pause ends now, also that after refused credentials. */
  retry(mayTry: () => boolean): boolean {
    if (!this.#pause.isWaiting || !mayTry()) return false;
    this.#pause.end();
    this.#failedLast = false;
    if (this.#everLive) return true;
    this.#failed = null;
    this.#status.set('connecting', null, this.#lastFrameAt);
    return true;
  }

  /** Resolves when the run has ended and everything of it is gone. */
  stop(): Promise<void> {
    this.#abort.abort();
    this.#status.close();
    this.#run?.stop();
    this.#pause.close();
    return this.#done;
  }

  #isStopped(): boolean {
    return this.#abort.signal.aborted;
  }

  async #live(): Promise<void> {
    while (!this.#isStopped()) {
      const slot = await this.gate.enter(
        { failedLast: this.#failedLast, rank: () => this.#rank() },
        this.#abort.signal,
      );
      if (!slot) return;
      // The slot may have been granted in the same turn as the stop came.
      if (this.#isStopped()) {
        slot.leave();
        return;
      }
      const failure = await this.#runOnce(slot).finally(() => {
        slot.leave();
      });
      if (!failure || this.#isStopped()) return;
      await this.#pause.wait(this.#afterFailure(failure));
    }
  }

  #rank(): ConnectRank {
    if (this.#everLive) return 'was_live';
    return this.plan.video || this.plan.outputs.some(({ demands }) => demands.length > 0)
      ? 'watched'
      : 'unwatched';
  }

  /** @returns how the run failed; `null` when it was stopped */
  async #runOnce(slot: ConnectSlot): Promise<Failure | null> {
    this.#freeze = new FreezeDetector(this.times.frozenAfterMs);
    const request = { plan: this.plan, failedLast: this.#failedLast };
    this.#run = new WatchedRun(this.opener, request, this.times, this.#gap, this.clock, {
      started: () => {
        slot.started();
      },
      alive: (first, goesOn) => {
        if (goesOn) this.#alive();
        if (first) slot.leave();
      },
      frame: (frame) => {
        this.#noteFreeze(frame);
        this.events.frame(frame);
      },
      unit: (unit) => {
        this.events.unit(unit);
      },
      awaitsKeyFrame: () => {
        this.#status.set(this.status.state, 'no_key_frame', this.#lastFrameAt);
      },
      keyFrames: (keyFrames) => {
        this.events.keyFrames(keyFrames);
      },
      counted: (counters) => {
        this.events.counted(counters);
      },
      video: (report) => {
        this.events.video(report);
      },
      stalled: (code) => {
        this.#status.set('stale', code, this.#lastFrameAt);
      },
    });
    const end = await this.#run.ended;
    this.#run = null;
    return end.code === 'stopped' ? null : end;
  }

  #alive(): void {
    this.#lastFrameAt = this.clock.now();
    this.#everLive = true;
    this.#status.gapChanged();
    if (this.status.state !== 'frozen') this.#status.set('live', null, this.#lastFrameAt);
  }

  /** @returns the pause before the next try, ms */
  #afterFailure({ code, detail, liveMs }: Failure): number {
    const first = !this.#everLive;
    this.#failed = { code, at: this.clock.now() };
    this.#failedLast = liveMs === null;
    const pause = this.#backoff.next(code, liveMs ?? 0);
    if (first) this.#status.set('offline', code, this.#lastFrameAt);
    else if (this.status.state !== 'offline') this.#status.set('stale', code, this.#lastFrameAt);
    this.events.failed({ code, detail, first, retryInMs: pause });
    return pause;
  }

  #noteFreeze(frame: FrameMessage): void {
    const { state } = this.status;
    if (state !== 'live' && state !== 'frozen') return;
    const frozen = this.#freeze.note(frame.key, frame.jpeg, this.clock.now());
    this.#status.set(frozen ? 'frozen' : 'live', null, this.#lastFrameAt);
  }
}
