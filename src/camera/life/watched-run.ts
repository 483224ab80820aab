import type { CameraOpener, CameraRun, OpenRequest } from '../../decoding/camera-run.js';
import type { KeyFrames } from '../../decoding/decode-plan.js';
import { type Clock, epochMs } from '../../shared/clock.js';
import type { CameraErrorCode } from '../../shared/errors.js';
import {
  countersSince,
  type DecodedPictures,
  type DecodePlan,
  type FrameMessage,
  type RunCounters,
  type RunEnd,
  type UnitMessage,
  type VideoReport,
} from '../../shared/worker-protocol.js';
import type { KeyFrameGap } from './key-frame-gap.js';
import { Liveness, type LivenessTimes, type Overdue } from './liveness.js';

export interface WatchedRunEvents {
  /** The worker runs; told once or more. */
  started(): void;
  /**
   * A frame came, or was decoded although nobody wanted it. `first`: of this run. `goesOn`: more than one picture has come, so that it
   * is no camera that sends one and is silent.
   */
  alive(first: boolean, goesOn: boolean): void;
  frame(frame: FrameMessage): void;
  unit(unit: UnitMessage): void;
  /** What was counted since the last call. */
  counted(counters: RunCounters): void;
  video(report: VideoReport): void;
  /** Video comes, but there is no picture before a key frame does. */
  awaitsKeyFrame(): void;
  /** What the camera's key frames are good for has changed. */
  keyFrames(keyFrames: KeyFrames): void;
  /** Pictures have stopped; the run is told to end. */
  stalled(code: CameraErrorCode): void;
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
  #overdue: Overdue | null = null;
  #video: VideoReport | null = null;
  #keyFrames: KeyFrames;
  #pictures: DecodedPictures;
  /** Stopped, or ended: what still comes of it belongs to nobody. */
  #isOver = false;

  constructor(
    opener: CameraOpener,
    request: OpenRequest,
    private readonly times: LivenessTimes,
    private readonly gap: KeyFrameGap,
    private readonly clock: Clock,
    private readonly events: WatchedRunEvents,
  ) {
    this.#liveness = new Liveness(times, request.plan, gap, clock.now());
    this.#keyFrames = gap.keyFrames;
    this.#pictures = request.plan.pictures;
    this.#run = opener.open(request, {
      started: () => {
        events.started();
      },
      frame: (frame) => {
        this.#onFrame(frame);
      },
      unit: (unit) => {
        if (!this.#isOver && !this.#overdue) events.unit(unit);
      },
      counters: (counters) => {
        this.#onCounters(counters);
      },
      video: (report) => {
        this.#onVideo(report);
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
    this.#pictures = plan.pictures;
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
    if (this.#isPresent(frame.capturedAt)) this.#alive();
    this.events.frame(frame);
  }

  #onCounters(counters: RunCounters): void {
    if (this.#isOver) return;
    // A worker that reports on its video says when the picture arrived; one that does not has it from the network just now.
    const isAlive = !this.#video && counters.decoded > (this.#counted?.decoded ?? 0);
    if (isAlive && !this.#overdue) this.#alive();
    this.events.counted(countersSince(this.#counted, counters));
    this.#counted = counters;
  }

  #onVideo(report: VideoReport): void {
    if (this.#isOver) return;
    const before = this.#video;
    this.#video = report;
    this.events.video(report);
    if (this.#overdue) return;
    this.#liveness.video(report, this.clock.now());
    const { pictureAt } = report;
    if (pictureAt !== null && pictureAt > (before?.pictureAt ?? -Infinity) && this.#isPresent(pictureAt))
      this.#alive();
    else if (this.#isSeenByUnits && report.units > (before?.units ?? 0)) this.#tellAlive(false);
    else if (this.#liveSince === null && this.#liveness.isLive && this.#goesOn) this.#tellAlive(false);
    if (this.#liveness.awaitsKeyFrame) this.events.awaitsKeyFrame();
    this.#tellKeyFrames();
    this.#watch();
  }

  /** Pictures are few because nobody looks at them: of a live camera the units tell that it goes on. */
  get #isSeenByUnits(): boolean {
    return this.#pictures === 'sampled' && this.#liveSince !== null;
  }

  /** An older picture, one that a decoder gives out at its end, is no sign of life. Unix epoch, ms. */
  #isPresent(capturedAt: number): boolean {
    return epochMs() - capturedAt < this.times.stallMs;
  }

  /** Whether the camera has sent more than one picture; taken for granted of a worker that does not tell. */
  get #goesOn(): boolean {
    return !this.#video || this.#video.units > 1;
  }

  #tellAlive(first: boolean): void {
    if (this.#goesOn) this.#liveSince ??= this.clock.now();
    this.events.alive(first, this.#goesOn);
  }

  #alive(): void {
    const first = !this.#liveness.isLive;
    this.#liveness.picture(this.clock.now());
    // The stall timeout may be shorter than what is left of the open timeout.
    if (first) this.#watch();
    this.#tellKeyFrames();
    this.#tellAlive(first);
  }

  #tellKeyFrames(): void {
    const { keyFrames } = this.gap;
    if (keyFrames === this.#keyFrames) return;
    this.#keyFrames = keyFrames;
    this.events.keyFrames(keyFrames);
  }

  /** Looks when a picture is due; each one since then has put that off. */
  #watch(): void {
    this.#cancelWatch();
    if (this.#isOver || this.#overdue) return;
    this.#cancelWatch = this.clock.after(Math.max(0, this.#liveness.dueAt - this.clock.now()), () => {
      this.#look();
    });
  }

  #look(): void {
    const now = this.clock.now();
    this.#overdue = this.#liveness.overdue(now);
    if (!this.#overdue) {
      if (this.#liveness.noteLateKeyFrame(now)) this.#tellKeyFrames();
      this.#watch();
      return;
    }
    if (this.#liveSince !== null) this.events.stalled(this.#overdue);
    this.#run.stop();
  }
}
