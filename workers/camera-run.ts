import { type MessagePort, threadId } from 'node:worker_threads';
import { isSourceSize } from '../src/shared/rendition.js';
import { declaredFormat } from '../src/rtp/declared-format.js';
import type { RtpTrack } from '../src/rtp/track.js';
import { openSession, type RtspSession } from '../src/rtsp/session.js';
import {
  type CameraTask,
  type DecodePlan,
  type FrameMessage,
  type FromWorker,
  MAX_IN_FLIGHT,
  MAX_UNITS_IN_FLIGHT,
  type RunCounters,
  type RunEnd,
  STATS_INTERVAL_MS,
  TAKEN_FRAMES,
  TAKEN_UNITS,
  type ToWorker,
} from '../src/shared/worker-protocol.js';
import type { AccessUnit } from '../src/video/access-unit.js';
import { StreamDecoding } from './stream-decoding.js';
import { longEncodings } from './long-encodings.js';
import { SourcePictures } from './source-pictures.js';
import { unitCollector } from './unit-collector.js';
import { type Gap, UnitGap } from './unit-gap.js';
import { UnitPassing } from './unit-passing.js';
import { VideoReporter } from './video-reporter.js';

/** Share of the stall timeout in which a decoder must make a picture of what it has read, and the least of it, ms. */
const BARREN_SHARE = 0.8;
const LEAST_BARREN_MS = 1500;

const WHY_NO_UNITS: Readonly<Record<Gap['what'], RunEnd>> = {
  dependent: {
    code: 'no_key_frame',
    detail: 'packets were lost, or pictures broken, and the next key frame does not come',
  },
  unreadable: { code: 'bad_data', detail: 'pictures come, but their slices cannot be read' },
  nothing: { code: 'bad_data', detail: 'packets come, but no pictures in them' },
};

/** One run: the camera's session and what is made of it. It ends with one reason, and nothing of it is left then. */
export class CameraRun {
  readonly ended: Promise<RunEnd>;
  readonly #port: MessagePort;
  readonly #taken: Int32Array;
  readonly #counters: RunCounters = {
    decoded: 0,
    encoded: 0,
    droppedBeforeEncode: 0,
    droppedInFlight: 0,
    partialFrames: 0,
    encodeErrors: 0,
  };
  readonly #session: RtspSession;
  readonly #decoding: StreamDecoding;
  readonly #report = new VideoReporter();
  readonly #gap = new UnitGap();
  readonly #stats: NodeJS.Timeout;
  readonly #barrenLimitMs: number;
  readonly #passing: UnitPassing;
  readonly #source: SourcePictures;
  readonly #leaveThread = longEncodings.join();
  /** The camera sends JPEG: renditions in its own size need no decoder. */
  #sendsJpeg = false;
  #plan: DecodePlan;
  #sent = 0;
  #sentUnits = 0;
  #end: RunEnd | null = null;

  constructor(task: CameraTask) {
    this.#port = task.port;
    this.#plan = task.plan;
    this.#taken = new Int32Array(task.taken);
    this.#barrenLimitMs = Math.max(LEAST_BARREN_MS, task.stallTimeoutMs * BARREN_SHARE);
    const sender = {
      hasRoom: () => this.#hasRoom(),
      send: (frame: FrameMessage) => {
        this.#sent++;
        this.#port.postMessage(frame, [frame.jpeg]);
      },
    };
    this.#source = new SourcePictures(this.#counters, sender);
    this.#source.setOutputs(task.plan.outputs);
    this.#decoding = new StreamDecoding(task.plan, task, this.#counters, {
      ...sender,
      picture: ({ arrivedAt }) => {
        this.#counters.decoded++;
        this.#shown(arrivedAt, this.#counters.decoded === 1);
      },
      spawned: (pid) => {
        this.#post({ type: 'spawned', pid });
      },
      reaped: (pid) => {
        this.#post({ type: 'reaped', pid });
      },
      failed: (fault) => {
        this.#stop(fault);
      },
    });
    this.#passing = new UnitPassing(
      task.aspect,
      () => this.#sentUnits - Atomics.load(this.#taken, TAKEN_UNITS) < MAX_UNITS_IN_FLIGHT,
      (unit) => {
        this.#sentUnits++;
        this.#port.postMessage(unit, [unit.data]);
      },
    );
    this.#pass();
    const { openTimeoutMs, stallTimeoutMs } = task;
    this.#session = openSession(
      { ...task.source, openTimeoutMs, stallTimeoutMs },
      {
        unit: (unit) => this.#onUnit(unit),
        playing: (track) => this.#prepare(track, task.failedLast),
      },
    );
    this.#port.on('message', (message: ToWorker) => {
      if (message.type === 'stop') this.#stop({ code: 'stopped' });
      else if (!this.#end) this.#setPlan(message.plan);
    });
    this.#stats = setInterval(() => {
      this.#look();
    }, STATS_INTERVAL_MS);
    this.#post({ type: 'began', thread: threadId });
    this.ended = this.#whenOver();
  }

  async #whenOver(): Promise<RunEnd> {
    const sessionEnd = await this.#session.ended;
    this.#end ??= sessionEnd;
    await this.#decoding.close();
    this.#leaveThread();
    clearInterval(this.#stats);
    this.#postStats();
    this.#port.close();
    return this.#end;
  }

  /** The first reason counts. */
  #stop(end: RunEnd): void {
    this.#end ??= end;
    void this.#decoding.close();
    this.#session.stop();
  }

  #setPlan(plan: DecodePlan): void {
    this.#plan = plan;
    this.#source.setOutputs(plan.outputs);
    if (this.#decodes) this.#decoding.setPlan(this.#decodedPlan);
    this.#pass();
  }

  /** What is left to decode. */
  get #decodedPlan(): DecodePlan {
    if (!this.#sendsJpeg) return this.#plan;
    return { ...this.#plan, outputs: this.#plan.outputs.filter((output) => !isSourceSize(output)) };
  }

  get #decodes(): boolean {
    return this.#decodedPlan.outputs.length > 0;
  }

  #shown(arrivedAt: number, isFirst: boolean): void {
    this.#report.picture(arrivedAt);
    if (isFirst) this.#postStats();
  }

  #pass(): void {
    this.#passing.setWanted(this.#plan.video, () => this.#decoding.backlog);
  }

  /** Starts the decoder that the first picture will need, where somebody waits for it and the camera is likely to send one. */
  #prepare(track: RtpTrack, isUnlikely: boolean): void {
    const format = declaredFormat(track);
    if (!this.#end && format && !isUnlikely) this.#decoding.prepare(format);
  }

  #onUnit(unit: AccessUnit): void {
    if (this.#end) return;
    unitCollector.note(unit.data.length);
    this.#report.unit(unit);
    this.#passing.unit(unit);
    if (unit.codec === 'jpeg') this.#onJpeg(unit);
    if (this.#decodes) this.#decoding.unit(unit);
    else this.#shown(unit.arrivedAt, this.#report.units === 1);
    // The second one tells that the camera goes on: whoever judges its life need not wait for the next report.
    if (this.#report.units === 2) this.#postStats();
  }

  #onJpeg(unit: AccessUnit): void {
    if (!this.#sendsJpeg) {
      this.#sendsJpeg = true;
      if (this.#decodes) this.#decoding.setPlan(this.#decodedPlan);
    }
    this.#source.unit(unit);
  }

  #hasRoom(): boolean {
    const room = MAX_IN_FLIGHT * Math.max(1, this.#decoding.demandCount + this.#source.demandCount);
    return this.#sent - Atomics.load(this.#taken, TAKEN_FRAMES) < room;
  }

  #look(): void {
    this.#postStats();
    if (this.#end) return;
    const { ms: barrenMs, log } = this.#decoding.barren;
    if (barrenMs >= this.#barrenLimitMs)
      this.#stop({ code: 'bad_data', detail: log || 'the decoder makes no picture of what comes' });
    const { statistics } = this.#session;
    // With key frames alone nobody misses the others.
    const needsAll = this.#plan.pictures === 'all' || this.#plan.video;
    if (!statistics || !needsAll) return;
    const { ms, what } = this.#gap.look(statistics, performance.now());
    // Until the first unit the session itself judges what may still become one.
    const isJudged = this.#report.units > 0 || what === 'unreadable';
    if (isJudged && ms >= this.#barrenLimitMs) this.#stop(WHY_NO_UNITS[what]);
  }

  #postStats(): void {
    const { dependentUnits = 0, unreadableUnits = 0 } = this.#session.statistics ?? {};
    // Of a camera that has sent pictures they say that it is there; before, that a key frame is awaited, which helps no unreadable one.
    const awaiting = dependentUnits + (this.#report.units > 0 ? unreadableUnits : 0);
    const video = this.#report.take(this.#decoding.takeLeastWait(), this.#decoding.dropped, awaiting);
    this.#post({ type: 'stats', counters: this.#counters, video });
  }

  #post(message: FromWorker): void {
    this.#port.postMessage(message);
  }
}
