import type { Socket } from 'node:net';
import { closeSync } from 'node:fs';
import type { FfmpegBuild } from '../src/shared/worker-protocol.js';
import { type DecodeJob, ffmpegArgs, FIRST_OUTPUT_FD } from './ffmpeg/decode-args.js';
import type { FfmpegEnd } from './ffmpeg/decoder-end.js';
import { DecoderInput } from './ffmpeg/decoder-input.js';
import { readFrames } from './ffmpeg/frame-reader.js';
import { FrameTimes } from './ffmpeg/frame-times.js';
import { HiddenPictures } from './ffmpeg/hidden-pictures.js';
import type { InputQueue, TimedUnit } from './ffmpeg/input-queue.js';
import { ivfHeader } from './ffmpeg/ivf.js';
import { forbidProcesses, limitDescriptors, limitMemory, memoryLimit } from './ffmpeg/limits.js';
import { gather, readNow, setNonBlocking } from './ffmpeg/pipe.js';
import { FfmpegProcess, type Output } from './ffmpeg/process.js';
import { FrameAssembler } from './frame-assembler.js';

/** libavformat of FFmpeg 6: from there on `pipe:` duplicates its descriptor, and needs a free one for each output. */
const DUPLICATES_FROM = 60;
/** How soon to look again for the time of a frame that is whole already, ms. */
const LATE_TIME_MS = 1;
const MOST_TIME_NAPS = 4;
const TIMES_READ_BYTES = 256;

export interface DecoderEvents {
  /**
   * A whole frame of output `index` (the order of `job.sizes`), valid until that output's next frame is whole.
   * `ticks` is the time of the unit that it was decoded from.
   */
  frame(index: number, frame: Uint8Array, ticks: number): void;
  /**
   * A whole frame of output `index` is not to be shown, or its time is not known yet. The one before it is valid during the call only.
   */
  passed(index: number): void;
}

/** Decodes access units with one FFmpeg process. */
export class VideoDecoder {
  /** Resolves when the process is reaped and its pipes are closed. Never rejects. */
  readonly ended: Promise<FfmpegEnd>;
  readonly #ffmpeg: FfmpegProcess;
  readonly #input: DecoderInput;
  readonly #times: FrameTimes;
  readonly #timesBuffer = new Uint8Array(TIMES_READ_BYTES);
  readonly #assemblers: readonly FrameAssembler[];
  readonly #sockets: Socket[] = [];
  /** Frames whose times have not come yet, by output. */
  readonly #late = new Map<number, Uint8Array>();
  #lateTimer: NodeJS.Timeout | null = null;
  readonly #hidden: HiddenPictures;
  /** Since when it has been given units and gave no picture, monotonic ms. */
  #unansweredSince: number | null = null;
  #framesSeen = false;
  #stopping = false;

  /**
   * @param buffers two of each output's frames
   * @param args FFmpeg's arguments; a bench may change them
   */
  constructor(
    private readonly job: DecodeJob,
    private readonly build: FfmpegBuild,
    buffers: readonly (readonly [Uint8Array, Uint8Array])[],
    private readonly events: DecoderEvents,
    args: readonly string[] = ffmpegArgs(job, build),
  ) {
    this.#assemblers = buffers.map((pair) => new FrameAssembler(pair));
    this.#times = new FrameTimes(buffers.length);
    this.#hidden = new HiddenPictures(buffers.length);
    this.#ffmpeg = new FfmpegProcess(
      build,
      args,
      this.#assemblers.map(({ frameBytes }) => frameBytes),
    );
    this.#input = new DecoderInput(
      this.#ffmpeg,
      ivfHeader(job.format),
      () => {
        this.#confine();
      },
      ({ ticks, isHidden }) => {
        // A decoder that begins in an intra refresh gives none of its pictures.
        if (isHidden) this.#hidden.add(ticks);
        else this.#unansweredSince ??= performance.now();
      },
    );
    this.#readTimes(this.#ffmpeg.times);
    this.#ffmpeg.outputs.forEach((output, index) => {
      this.#readOutput(output, index);
    });
    this.ended = this.#ffmpeg.ended.then((end) => this.#close(end));
  }

  get pid(): number | undefined {
    return this.#ffmpeg.pid;
  }

  get framesSeen(): boolean {
    return this.#framesSeen;
  }

  /** Outputs that hold an unfinished frame: at the end of the process it is lost. */
  get partialFrames(): number {
    return this.#assemblers.filter((a) => a.partialBytes > 0).length;
  }

  /** What waits for FFmpeg. */
  get queue(): Omit<InputQueue, 'push' | 'shift'> {
    return this.#input.queue;
  }

  /** Nothing waits that FFmpeg has not read. */
  get hasTakenAll(): boolean {
    return this.#input.isEmpty;
  }

  /** How long it has made no picture of what it was given and has read, ms. */
  get barrenMs(): number {
    if (this.#unansweredSince === null || !this.hasTakenAll) return 0;
    return performance.now() - this.#unansweredSince;
  }

  /** The end of FFmpeg's log, redacted. */
  get log(): string {
    return this.#ffmpeg.log;
  }

  /** Takes the next unit in decoding order. Units before the first with random access are passed over. */
  decode(timed: TimedUnit): void {
    if (this.#stopping) return;
    this.#input.push(timed);
  }

  /** Asks the process to end, and makes it end. No frame comes after this. */
  stop(): void {
    this.#stopping = true;
    this.#input.close();
    this.#ffmpeg.stop();
  }

  /** FFmpeg has started and read nothing of the camera's yet. */
  #confine(): void {
    const { pid } = this.#ffmpeg;
    // Where it cannot be seen what it has read, it may not have loaded its libraries yet.
    if (pid === undefined || this.#ffmpeg.inputFd === null) return;
    limitMemory(pid, memoryLimit(this.job.format));
    const outputs = FIRST_OUTPUT_FD + this.#assemblers.length;
    // Its own, one more for the input that it has opened by now, and one for each output that it will open.
    const needed = outputs + 1 + this.#assemblers.length + 1;
    limitDescriptors(pid, this.build.avformat >= DUPLICATES_FROM ? needed : 0);
  }

  #readTimes(times: Output): void {
    if ('pipe' in times) setNonBlocking(times.pipe.readFd);
    else
      times.stream
        .on('error', () => undefined)
        .on('data', (chunk: Buffer) => {
          this.#times.push(chunk);
          this.#deliverLate();
        });
  }

  /** @returns whether a time is there for the next frame of an output */
  #readTimesNow(index: number): boolean {
    const { times } = this.#ffmpeg;
    if (!('pipe' in times)) return true;
    const bytes = readNow(times.pipe.readFd, this.#timesBuffer);
    this.#times.push(this.#timesBuffer.subarray(0, bytes));
    return this.#times.has(index);
  }

  #readOutput(output: Output, index: number): void {
    const assembler = this.#assemblers[index];
    if (!assembler) return;
    const whole = (frame: Uint8Array): void => {
      this.#whole(index, frame);
    };
    if ('pipe' in output) {
      // A read error ends like end-of-file: the process's own end tells the reason.
      this.#sockets.push(readFrames(output.pipe, assembler, whole).on('error', () => undefined));
    } else
      output.stream
        .on('error', () => undefined)
        .on('data', (chunk: Buffer) => {
          assembler.push(chunk, whole);
        });
  }

  #whole(index: number, frame: Uint8Array): void {
    this.#unansweredSince = null;
    if (!this.#framesSeen) this.#firstFrame();
    // FFmpeg 7 and later write the time in another thread than the frame.
    for (let naps = 0; naps < MOST_TIME_NAPS && !this.#readTimesNow(index); naps++) gather();
    // The one before is still as it was, but its buffer is the next to be filled.
    if (this.#late.has(index)) this.#deliverLate();
    if (this.#late.has(index)) this.#times.skip(index);
    this.#late.set(index, frame);
    this.#deliverLate();
    if (this.#late.has(index)) this.events.passed(index);
    this.#input.progress();
  }

  #firstFrame(): void {
    this.#framesSeen = true;
    if (this.pid === undefined) return;
    // All outputs are open now, and all threads run.
    limitDescriptors(this.pid, 0);
    forbidProcesses(this.pid);
  }

  #deliverLate(): void {
    for (const [index, frame] of this.#late) {
      const ticks = this.#times.take(index);
      if (ticks === null) continue;
      this.#late.delete(index);
      if (this.#stopping) continue;
      if (this.#hidden.take(ticks)) this.events.passed(index);
      else this.events.frame(index, frame, ticks);
    }
    if (this.#late.size > 0)
      this.#lateTimer ??= setTimeout(() => {
        this.#lateTimer = null;
        this.#readTimesNow(0);
        this.#deliverLate();
      }, LATE_TIME_MS);
  }

  #close(end: Omit<FfmpegEnd, 'framesSeen'>): FfmpegEnd {
    this.#input.close();
    if (this.#lateTimer) clearTimeout(this.#lateTimer);
    for (const socket of this.#sockets) socket.destroy();
    if ('pipe' in this.#ffmpeg.times) closeSync(this.#ffmpeg.times.pipe.readFd);
    return { ...end, framesSeen: this.#framesSeen };
  }
}
