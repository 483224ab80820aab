import { setPriority } from 'node:os';
import type { MessagePort } from 'node:worker_threads';
import {
  type CameraTask,
  type DecodeOutput,
  type DecodePlan,
  type FrameMessage,
  type FromWorker,
  MAX_IN_FLIGHT,
  type RunCounters,
  type RunEnd,
  STATS_INTERVAL_MS,
  type ToWorker,
} from '../src/shared/worker-protocol.js';
import { sizeKey } from '../src/shared/rendition.js';
import { Decoder } from './decoder.js';
import { classifyEnd, describeEnd, type FfmpegEnd } from './ffmpeg/faults.js';
import { OutputEncoder } from './output-encoder.js';

/**
 * Decoding yields to the main thread. A machine with too many cameras has a hundred threads that want to decode; as one among
 * them the main thread would send late, and see too late that cameras fall behind. On Linux this sets the calling thread and the
 * FFmpegs that it starts; elsewhere it would be the whole process.
 */
const DECODER_NICE = 5;
if (process.platform === 'linux') setPriority(DECODER_NICE);

/**
 * The task of one camera run: FFmpeg -> frames -> JPEGs -> port, until FFmpeg ends or the supervisor says stop.
 * Everything that it started is gone when the promise resolves: Piscina may block this thread between tasks.
 */
export default function runCamera(task: CameraTask): Promise<RunEnd> {
  return new CameraRun(task).ended;
}

/** Frames of a burst come as fast as they decode; live ones not closer than at 80 a second. */
const BURST_GAP_MS = 12;
/** So many frames in a row that far apart end a burst: one alone may be the decoder's slow start. */
const SPACED_FRAMES = 3;
/** A burst that lasts longer than this is taken for a machine too slow to tell. */
const BURST_MS = 1000;

/** A decoder with the encoders of its outputs. */
interface Stage {
  readonly decoder: Decoder;
  readonly plan: DecodePlan;
  readonly encoders: readonly OutputEncoder[];
}

class CameraRun {
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
  readonly #stats: NodeJS.Timeout;
  /** Decoders that are not reaped yet; the run ends when none is left. */
  readonly #alive = new Set<Decoder>();
  #current: Stage;
  /** Started beside the current one for another plan; takes over at its first frame. */
  #next: Stage | null = null;
  /** When the newcomer's frames came. */
  #nextFrames: { readonly stage: Stage; readonly firstAt: number; lastAt: number; spaced: number } | null =
    null;
  /** Arrival of the current decoder's last frame, and the time since the one before. */
  #beat = { at: 0, interval: 0 };
  #quietUntil = 0;
  /** Plan to open when the current decoder is gone. */
  #insteadOf: DecodePlan | null = null;
  #sent = 0;
  #stopping = false;
  #finish: (end: RunEnd) => void = () => undefined;
  #end: RunEnd = { code: 'stopped' };

  constructor(private readonly task: CameraTask) {
    this.#port = task.port;
    this.#taken = new Int32Array(task.taken);
    this.ended = new Promise((resolve) => (this.#finish = resolve));
    this.#current = this.#start(task.plan);
    this.#port.on('message', (message: ToWorker) => {
      if (message.type === 'stop') this.#stop();
      else this.#setPlan(message.plan);
    });
    this.#stats = setInterval(() => {
      this.#postStats();
    }, STATS_INTERVAL_MS);
  }

  #start(plan: DecodePlan): Stage {
    const { task } = this;
    const job = {
      source: task.source,
      pixels: task.pixels,
      sizes: plan.outputs,
      keyFramesOnly: plan.keyFramesOnly,
      longProbe: task.longProbe,
      ioTimeoutMs: task.ioTimeoutMs,
      skipLoopFilter: task.skipLoopFilter,
    };
    const decoder = new Decoder(job, task.ffmpeg, {
      frame: (index, frame) => {
        this.#onFrame(stage, index, frame);
      },
    });
    const encoders = plan.outputs.map(
      (size, index) =>
        new OutputEncoder(
          { size, memory: decoder.memoryOf(index), colours: () => decoder.colours },
          task.pixels,
          size.demands,
          this.#counters,
          {
            hasRoom: () => this.#hasRoom(),
            send: (frame) => {
              this.#send(frame);
            },
          },
        ),
    );
    const stage: Stage = { decoder, plan, encoders };
    this.#alive.add(decoder);
    if (decoder.pid !== undefined) this.#post({ type: 'spawned', pid: decoder.pid });
    void decoder.ended.then((end) => {
      this.#alive.delete(decoder);
      this.#counters.partialFrames += decoder.partialFrames;
      for (const encoder of encoders) encoder.close();
      if (decoder.pid !== undefined) this.#post({ type: 'reaped', pid: decoder.pid });
      this.#onDecoderEnd(stage, end);
      if (this.#alive.size === 0) this.#close();
    });
    return stage;
  }

  #onDecoderEnd(stage: Stage, end: FfmpegEnd): void {
    if (this.#stopping) return;
    if (stage === this.#next) {
      // The camera may grant one session only: give up the current one, then open the new plan in its place.
      this.#next = null;
      this.#insteadOf = stage.plan;
      retire(this.#current);
    } else if (stage === this.#current) {
      if (this.#insteadOf) {
        this.#current = this.#start(this.#insteadOf);
        this.#insteadOf = null;
      } else if (this.#next) {
        // Its replacement is on the way already: a new run would only begin where that one is now.
        this.#current = this.#next;
        this.#next = null;
      } else {
        this.#end = { code: classifyEnd(end), detail: describeEnd(end) };
        this.#stop();
      }
    }
  }

  #onFrame(stage: Stage, index: number, frame: Uint8Array): void {
    if (stage === this.#next && this.#isCaughtUp(stage)) this.#takeOver(stage);
    if (stage !== this.#current) return;
    const now = performance.now();
    if (now < this.#quietUntil) return;
    if (index === 0) this.#beat = { interval: now - this.#beat.at, at: now };
    if (index === 0) this.#counters.decoded++;
    if (index === 0 && this.#counters.decoded === 1) this.#postStats();
    stage.encoders[index]?.frame(frame);
  }

  /** Whether the newcomer shows the present: not the last seconds, which a relay may send in a burst to begin with. */
  #isCaughtUp(stage: Stage): boolean {
    if (stage.plan.keyFramesOnly) return true;
    const now = performance.now();
    const seen = this.#nextFrames;
    if (seen?.stage !== stage) {
      this.#nextFrames = { stage, firstAt: now, lastAt: now, spaced: 0 };
      return false;
    }
    seen.spaced = now - seen.lastAt >= BURST_GAP_MS ? seen.spaced + 1 : 0;
    seen.lastAt = now;
    return seen.spaced >= SPACED_FRAMES || now - seen.firstAt >= BURST_MS;
  }

  #takeOver(stage: Stage): void {
    // Both decoders give the same frame within some ms of each other: shown by the old one just now, it is not shown again.
    const { at, interval } = this.#beat;
    const now = performance.now();
    if (now - at < interval * 0.75) this.#quietUntil = now + interval * 0.25;
    retire(this.#current);
    this.#current = stage;
    this.#next = null;
  }

  #setPlan(plan: DecodePlan): void {
    if (this.#stopping) return;
    if (this.#insteadOf) {
      this.#insteadOf = plan;
    } else if (sameDecode(plan, this.#current.plan)) {
      this.#next?.decoder.stop();
      this.#next = null;
      applyDemands(this.#current, plan.outputs);
    } else if (this.#next && sameDecode(plan, this.#next.plan)) {
      applyDemands(this.#next, plan.outputs);
    } else if (plan.keyFramesOnly && !this.#current.plan.keyFramesOnly) {
      // Asked for when the machine has too much to do, or nobody watches: not both decoders at a time.
      this.#next?.decoder.stop();
      this.#next = null;
      this.#insteadOf = plan;
      retire(this.#current);
    } else {
      this.#next?.decoder.stop();
      this.#next = this.#start(plan);
    }
  }

  #hasRoom(): boolean {
    const renditions = this.#current.encoders.reduce((sum, encoder) => sum + encoder.demandCount, 0);
    return this.#sent - Atomics.load(this.#taken, 0) < MAX_IN_FLIGHT * Math.max(1, renditions);
  }

  #send(frame: FrameMessage): void {
    this.#sent++;
    this.#port.postMessage(frame, [frame.jpeg]);
  }

  #post(message: FromWorker): void {
    this.#port.postMessage(message);
  }

  #postStats(): void {
    this.#post({ type: 'stats', counters: this.#counters });
  }

  #stop(): void {
    this.#stopping = true;
    for (const decoder of this.#alive) decoder.stop();
  }

  #close(): void {
    clearInterval(this.#stats);
    this.#postStats();
    this.#port.close();
    this.#finish(this.#end);
  }
}

/** Ends a stage; a frame of it that waits for its encoding would be written over meanwhile. */
function retire(stage: Stage): void {
  stage.decoder.stop();
  for (const encoder of stage.encoders) encoder.setDemands([]);
}

/** Whether both plans need the same FFmpeg: then only what is encoded differs. */
function sameDecode(a: DecodePlan, b: DecodePlan): boolean {
  return (
    a.keyFramesOnly === b.keyFramesOnly &&
    a.outputs.length === b.outputs.length &&
    a.outputs.every((output) => b.outputs.some((other) => sizeKey(other) === sizeKey(output)))
  );
}

function applyDemands(stage: Stage, outputs: readonly DecodeOutput[]): void {
  stage.plan.outputs.forEach((own, index) => {
    const wanted = outputs.find((output) => sizeKey(output) === sizeKey(own));
    stage.encoders[index]?.setDemands(wanted?.demands ?? []);
  });
}
