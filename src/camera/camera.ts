import { CameraTelemetry } from './telemetry/camera-telemetry.js';
import type { MetricSeries } from './telemetry/metric-series.js';
import type { CameraStatus } from '../shared/camera-state.js';
import type { VideoReport } from '../shared/worker-protocol.js';
import type { Clock } from '../shared/clock.js';
import { Planner } from './planner.js';
import { type Degradation, degradationOf, type PictureWant } from '../decoding/decode-plan.js';
import { CAMERA_FAULTS, CameraError, type ServiceError } from '../shared/errors.js';
import type { Log } from '../telemetry/log.js';
import type { Metrics } from '../telemetry/metrics.js';
import { Publisher, type TopicPublish } from './publisher.js';
import { Places, type Sitter } from './places.js';
import type { Place, Seat, SeatListener, VideoSeat } from './seat.js';
import { type Rendition, renditionKey } from '../shared/rendition.js';
import type { RemoteOwner, Supervise, Supervision, SupervisionEvents } from './supervision.js';
import { VideoChannel } from './video-channel.js';

export type { Seat, SeatListener, VideoSeat };

export interface CameraOptions {
  readonly name: string;
  readonly defaultRendition: Rendition;
  /** `null` is the source's rate. */
  readonly maxFps: number | null;
  /** Runs without viewers too. */
  readonly alwaysOn: boolean;
  readonly lingerMs: number;
}

/** What a camera is made with; the same for all. */
export interface CameraDeps {
  readonly clock: Clock;
  readonly metrics: Metrics;
  readonly series: MetricSeries;
  readonly log: Log;
  readonly publish: TopicPublish;
}

/** Added to the linger: clients that poll at just its interval come a little after its end. */
const LINGER_GRACE_MS = 1000;

/** One camera: its viewers' seats, its supervisor while it runs, its newest frames. */
export class Camera {
  readonly #places = new Places({
    wanted: (want, isWanted) => {
      if (want === 'video') this.#channel.wanted(isWanted);
      if (isWanted) this.#planner.add(want);
      else this.#planner.remove(want);
    },
    left: () => {
      this.#lingerIfEmpty();
    },
  });
  readonly #publisher: Publisher;
  readonly #channel = new VideoChannel();
  readonly #telemetry: CameraTelemetry;
  readonly #planner: Planner;
  readonly #lingerMs: number;
  #supervisor: Supervision | null = null;
  #stopping: Promise<void> = Promise.resolve();
  #cancelLinger: (() => void) | null = null;
  #share = 1;
  #closed = false;
  #lastFrameAt: number | null = null;
  #video: VideoReport | null = null;

  constructor(
    readonly options: CameraOptions,
    private readonly supervise: Supervise,
    private readonly deps: CameraDeps,
    /** Called when the camera has stopped and has no viewer. */
    private readonly onIdle: () => void,
  ) {
    const { defaultRendition: standby, maxFps } = options;
    this.#lingerMs = options.lingerMs === 0 ? 0 : options.lingerMs + LINGER_GRACE_MS;
    this.#planner = new Planner({ standby, maxFps, lingerMs: this.#lingerMs }, deps.clock, (plan) => {
      this.#supervisor?.setPlan(plan);
    });
    this.#telemetry = new CameraTelemetry(options.name, deps.metrics, deps.log, deps.series);
    this.#publisher = new Publisher(options.name, renditionKey(options.defaultRendition), deps.publish);
    if (options.alwaysOn) this.#start();
  }

  get viewers(): number {
    return this.#places.size;
  }

  get running(): boolean {
    return this.#supervisor !== null;
  }

  get status(): CameraStatus {
    return this.#supervisor?.status ?? { state: 'idle', reason: null, since: 0 };
  }

  get degradation(): Degradation {
    return this.remote?.degradation ?? degradationOf(this.#share);
  }

  /** The other node that decodes it; `null` when this one does, or nobody. */
  get remote(): RemoteOwner | null {
    return this.#supervisor?.remote ?? null;
  }

  /** Share of its pictures that it may decode. */
  get share(): number {
    return this.#share;
  }

  /** What the worker of the present run last told of its video; `null` before that. */
  get video(): VideoReport | null {
    return this.#video;
  }

  /** When the newest frame of any rendition came: Unix epoch, ms. */
  get lastFrameAt(): number | null {
    return this.#lastFrameAt;
  }

  /**
   * Takes a seat; the first one starts the camera. The listener is told the present state at once.
   * @param active whether it wants frames from the beginning
   * @throws CameraError when the camera refused its credentials a short while ago: it is not asked again so soon
   */
  join(want: PictureWant, listener: SeatListener, active = true): Seat {
    this.#check();
    const channel = this.#publisher.hold(renditionKey(want.rendition), this.status.state === 'live');
    const release = (): void => {
      this.#publisher.release(channel);
    };
    return { channel, ...this.#sit({ want, listener, active, release }) };
  }

  /** As `join`, for the video as the camera sends it. What of it cannot be had now is the channel's `gap`. */
  joinVideo(listener: SeatListener): VideoSeat {
    this.#check();
    const place = this.#sit({ want: 'video', listener, active: true, release: () => undefined });
    return { video: this.#channel, ...place };
  }

  /** Tries a camera that waits for its next try now, also one that refused its credentials. @returns false when nothing was done */
  retry(mayTry: () => boolean): boolean {
    return this.#supervisor?.retry(mayTry) ?? false;
  }

  /** @param share of its pictures that the machine can carry: above 0, to 1 */
  setShare(share: number): void {
    if (this.#share === share) return;
    this.#share = share;
    this.#telemetry.degraded(degradationOf(share));
    this.#planner.limit({ share });
  }

  /** Ends the camera for good and tells every seat why. */
  close(error: ServiceError | null): Promise<void> {
    this.#closed = true;
    if (error) this.#places.lose(error);
    this.#places.clear();
    return this.#stop();
  }

  /** @throws CameraError as `join` */
  #check(): void {
    const failure = this.#supervisor?.lastFailure ?? null;
    if (failure && CAMERA_FAULTS[failure].retry === 'hold') throw new CameraError(failure);
    this.#cancelLinger?.();
    this.#cancelLinger = null;
  }

  #sit(sitter: Sitter): Place {
    const place = this.#places.take(sitter);
    if (this.#supervisor) this.#supervisor.requestRetry();
    else this.#start();
    sitter.listener.state(this.status);
    return place;
  }

  #lingerIfEmpty(): void {
    if (this.#closed || this.#places.size > 0 || this.options.alwaysOn) return;
    this.#cancelLinger = this.deps.clock.after(this.#lingerMs, () => {
      this.#endLinger();
    });
  }

  #endLinger(): void {
    void this.#stop().then(() => {
      if (!this.running && this.viewers === 0 && !this.#closed) this.onIdle();
    });
  }

  #start(): void {
    this.#telemetry.started();
    const events: SupervisionEvents = {
      frame: (message) => {
        this.#telemetry.encoded(message.encodeMs);
        const frame = this.#publisher.deliver(message);
        if (!frame) return;
        this.#lastFrameAt = frame.capturedAt;
        this.#telemetry.published(frame);
      },
      unit: (message) => {
        this.#lastFrameAt = message.capturedAt;
        this.#channel.deliver(message);
      },
      counted: (counters) => {
        this.#telemetry.counted(counters);
      },
      video: (report) => {
        this.#video = report;
        this.#channel.source(report.codec);
      },
      keyFrames: (keyFrames) => {
        this.#planner.limit({ keyFrames });
      },
      state: (status) => {
        this.#onState(status);
      },
      failed: ({ code, detail, first, retryInMs }) => {
        this.#telemetry.failure(code, detail, retryInMs);
        if (first) this.#places.lose(new CameraError(code, detail));
      },
      refused: (error) => {
        this.#places.lose(error);
      },
      source: this.#channel.source.bind(this.#channel),
    };
    this.#supervisor = this.supervise(this.#planner.start(), events, this.#stopping);
    this.#telemetry.state(this.#supervisor.status);
    this.#telemetry.degraded(degradationOf(this.#share));
  }

  #stop(): Promise<void> {
    this.#cancelLinger?.();
    this.#planner.stop();
    const supervisor = this.#supervisor;
    if (!supervisor) return this.#stopping;
    this.#supervisor = null;
    this.#video = null;
    this.#channel.source(null);
    this.#telemetry.stopped();
    // An earlier run may still be ending when this one was stopped before it passed the gate.
    this.#stopping = Promise.all([this.#stopping, supervisor.stop()]).then(() => undefined);
    return this.#stopping;
  }

  #onState(status: CameraStatus): void {
    this.#telemetry.state(status);
    this.#places.tell(status);
  }
}
