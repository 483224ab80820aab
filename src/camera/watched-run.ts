import type { CameraOpener, CameraRun, OpenRequest } from '../decoding/camera-run.js';
import type { Clock } from '../shared/clock.js';
import {
  countersSince,
  type DecodePlan,
  type FrameMessage,
  type RunCounters,
  type RunEnd,
  type VideoReport,
} from '../shared/worker-protocol.js';
import type { KeyFrameGap } from './key-frame-gap.js';
import { Liveness, type LivenessTimes } from './liveness.js';

export interface WatchedRunEvents {
  /** A frame came, or was decoded although nobody wanted it. `first`: of this run. */
  alive(first: boolean): void;
  frame(frame: FrameMessage): void;
  /** What was counted since the last call. */
  counted(counters: RunCounters): void;
  video(report: VideoReport): void;
  /** Frames have stopped; the run is told to end. */
  stalled(): void;
}

/** One run of a camera, ended when a frame is overdue. */
export class WatchedRun {
  /** How it ended, and how long it had been live by then, ms (`null`: never). Never rejects. */
  readonly ended: Promise<RunEnd & { readonly liveMs: number | null }>;
  readonly #run: CameraRun;
  readonly #liveness: Liveness;
  #cancelWatch: () => void = () => undefined;
  #counted: RunCounters | null = null;
  #liveSince: number | null = null;
  #overdue: 'open_timeout' | 'stall' | null = null;
  /** Stopped, or ended: what still comes of it belongs to nobody. */
  #isOver = false;

  constructor(
    opener: CameraOpener,
    request: OpenRequest,
    times: LivenessTimes,
    gap: KeyFrameGap,
    private readonly clock: Clock,
    private readonly events: WatchedRunEvents,
  ) {
    this.#liveness = new Liveness(times, request.plan, gap, clock.now());
    this.#run = opener.open(request, {
      frame: (frame) => {
        this.#onFrame(frame);
      },
      counters: (counters) => {
        this.#onCounters(counters);
      },
      video: (report) => {
        if (!this.#isOver) this.events.video(report);
      },
    });
    this.#watch();
    this.ended = this.#run.ended.then((end) => {
      this.#isOver = true;
      this.#cancelWatch();
      const liveMs = this.#liveSince === null ? null : clock.now() - this.#liveSince;
      return this.#overdue ? { code: this.#overdue, detail: '', liveMs } : { ...end, liveMs };
    });
  }

  setPlan(plan: DecodePlan): void {
    this.#liveness.plan(plan, this.clock.now());
    this.#watch();
    this.#run.setPlan(plan);
  }

  stop(): void {
    this.#isOver = true;
    this.#cancelWatch();
    this.#run.stop();
  }

  #onFrame(frame: FrameMessage): void {
    if (this.#isOver || this.#overdue) return;
    this.#alive();
    this.events.frame(frame);
  }

  #onCounters(counters: RunCounters): void {
    if (this.#isOver) return;
    if (!this.#overdue && counters.decoded > (this.#counted?.decoded ?? 0)) this.#alive();
    this.events.counted(countersSince(this.#counted, counters));
    this.#counted = counters;
  }

  #alive(): void {
    const now = this.clock.now();
    const first = this.#liveSince === null;
    this.#liveness.frame(now);
    this.#liveSince ??= now;
    // The stall timeout may be shorter than what is left of the open timeout.
    if (first) this.#watch();
    this.events.alive(first);
  }

  /** Looks when a frame is due; each frame since then has put that off. */
  #watch(): void {
    this.#cancelWatch();
    if (this.#isOver || this.#overdue) return;
    this.#cancelWatch = this.clock.after(Math.max(0, this.#liveness.dueAt - this.clock.now()), () => {
      this.#overdue = this.#liveness.overdue(this.clock.now());
      if (!this.#overdue) {
        this.#watch();
        return;
      }
      if (this.#overdue === 'stall') this.events.stalled();
      this.#run.stop();
    });
  }
}
