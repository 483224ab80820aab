import { epochMs } from '../../src/shared/clock.js';
import type {
  DecodePlan,
  FrameMessage,
  RunCounters,
  RunEnd,
  UnitMessage,
  VideoReport,
} from '../../src/shared/worker-protocol.js';
import type { RenditionKey } from '../../src/shared/rendition.js';
import type { CameraOpener, CameraRun, OpenRequest, RunEvents } from '../../src/decoding/camera-run.js';
import { settle } from './manual-clock.js';

export const NO_COUNTS: RunCounters = {
  decoded: 0,
  encoded: 0,
  droppedBeforeEncode: 0,
  droppedInFlight: 0,
  partialFrames: 0,
  encodeErrors: 0,
};

/** An FFmpeg that is started as it is. */
export const UNCONFINED = {
  launcher: [],
  confinement: {
    parentDeath: false,
    noNewPrivileges: false,
    noCapabilities: false,
    noNetwork: false,
    limits: false,
    noChanges: false,
    noSignals: false,
  },
};

export const NO_VIDEO: VideoReport = {
  codec: null,
  units: 0,
  keyFrames: 0,
  refreshes: 0,
  keyFrameGapMs: null,
  pictureAt: null,
  waitMs: 0,
  droppedUnits: 0,
  latenessMs: 0,
};

export function jpeg(...bytes: number[]): ArrayBuffer {
  return new Uint8Array(bytes).buffer;
}

/** One opening of a camera that the test plays. */
export class FakeRun implements CameraRun {
  readonly ended: Promise<RunEnd>;
  stops = 0;
  frames = 0;
  #resolve: (end: RunEnd) => void = () => undefined;

  constructor(
    public plan: DecodePlan,
    private readonly events: RunEvents,
    /** Ends by itself when it is stopped, as a well-behaved run does. */
    private readonly obedient: boolean,
  ) {
    this.ended = new Promise((resolve) => (this.#resolve = resolve));
  }

  setPlan(plan: DecodePlan): void {
    this.plan = plan;
  }

  stop(): void {
    this.stops++;
    if (this.obedient) this.#resolve({ code: 'stopped' });
  }

  started(): void {
    this.events.started();
  }

  frame(picture = ++this.frames, key: RenditionKey = '640x360q50'): void {
    const frame: FrameMessage = {
      type: 'frame',
      key,
      jpeg: jpeg(picture),
      capturedAt: epochMs(),
      encodeMs: 1,
    };
    this.events.frame(frame);
  }

  unit(unit: UnitMessage): void {
    this.events.unit(unit);
  }

  counters(some: Partial<RunCounters>): void {
    this.events.counters({ ...NO_COUNTS, ...some });
  }

  video(some: Partial<VideoReport>): void {
    this.events.video({ ...NO_VIDEO, ...some });
  }

  async end(end: RunEnd): Promise<void> {
    this.#resolve(end);
    await settle();
  }

  fail(code: Exclude<RunEnd['code'], 'stopped'>): Promise<void> {
    return this.end({ code, detail: '' });
  }
}

export class FakeOpener implements CameraOpener {
  readonly runs: FakeRun[] = [];
  obedient = true;

  open(request: OpenRequest, events: RunEvents): CameraRun {
    const run = new FakeRun(request.plan, events, this.obedient);
    this.runs.push(run);
    queueMicrotask(() => {
      run.started();
    });
    return run;
  }

  /** The newest run. */
  get run(): FakeRun {
    const run = this.runs.at(-1);
    if (!run) throw new Error('the camera was not opened');
    return run;
  }
}
