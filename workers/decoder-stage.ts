import type {
  DecodeOutput,
  FfmpegBuild,
  FrameMessage,
  PixelFormat,
  RunCounters,
} from '../src/shared/worker-protocol.js';
import { HEIGHT, isSourceSize, sizeKey, WIDTH } from '../src/shared/rendition.js';
import type { AccessUnit } from '../src/video/access-unit.js';
import type { VideoFormat } from '../src/video/video-format.js';
import type { DecodeJob } from './ffmpeg/decode-args.js';
import type { FfmpegEnd } from './ffmpeg/decoder-end.js';
import type { TimedUnit } from './ffmpeg/input-queue.js';
import { createFrameMemory } from './frame-memory.js';
import type { Exchangeable } from './decoder-exchange.js';
import { OutputEncoder } from './output-encoder.js';
import type { Picture } from './unit-times.js';
import { VideoDecoder } from './video-decoder.js';

/** What all stages of a run have in common. */
export interface StageOptions {
  readonly ffmpeg: FfmpegBuild;
  readonly pixels: PixelFormat;
  readonly aspect: number | null;
  readonly skipLoopFilter: boolean;
}

export interface StageEvents {
  /** A picture of the first output came. @returns what is known of it, if it is to be shown */
  picture(stage: DecoderStage, ticks: number): Picture | null;
  hasRoom(): boolean;
  send(frame: FrameMessage): void;
}

/** How long a picture may be on its way through a decoder that holds none back, ms. */
const AT_ONCE_MS = 60;
/** Pictures that a decoder may hold back: as many as H.264 and H.265 allow to be reordered. */
const MOST_COPIES = 4;

/** A new decoder whose pictures are no further behind its newest unit than this has caught up, ms. */
const CAUGHT_UP_MS = 250;
/** And so it has after this, ms: a machine that cannot decode all in time has none to spare for two decoders of one camera. */
const BESIDE_MS = 5000;

/** A decoder for one kind of picture and one set of sizes, with an encoder for each size. */
export class DecoderStage implements Exchangeable {
  readonly key: string;
  readonly pictureKey: string;
  readonly ended: Promise<FfmpegEnd>;
  readonly startedAt = performance.now();
  readonly #decoder: VideoDecoder;
  readonly #encoders: readonly OutputEncoder[];
  /** What is shown of the picture that the outputs are giving; by the first of them. */
  #shown: { readonly ticks: number; readonly picture: Picture | null } = { ticks: -1, picture: null };
  #lastUnit: AccessUnit | null = null;
  #isSealed = false;
  #lastPictureAt = performance.now();
  /** Copies of a lone key frame that make it come out. */
  #copies = 0;
  #copyTimer: NodeJS.Timeout | null = null;

  constructor(
    readonly format: VideoFormat,
    private readonly outputs: readonly DecodeOutput[],
    options: StageOptions,
    counters: RunCounters,
    private readonly events: StageEvents,
  ) {
    this.key = stageKey(format, outputs);
    this.pictureKey = pictureKey(format);
    const { ffmpeg, pixels, aspect, skipLoopFilter } = options;
    const sizes = outputs.map((output) =>
      isSourceSize(output) ? { ...output, ...sourceSize(format, aspect) } : output,
    );
    const job: DecodeJob = { format, aspect, pixels, sizes, skipLoopFilter };
    const memories = sizes.map(({ width, height }) =>
      pixels === 'yuv420p' ? createFrameMemory(width, height) : null,
    );
    this.#encoders = sizes.map(
      (size, i) =>
        new OutputEncoder({ size, memory: memories[i] ?? null }, pixels, size.demands, counters, events),
    );
    this.#decoder = new VideoDecoder(
      job,
      ffmpeg,
      memories.map((memory, i) => memory?.buffers ?? rgbBuffers(sizes[i])),
      {
        frame: (index, frame, ticks) => {
          this.#onFrame(index, frame, ticks);
        },
        passed: (index) => {
          this.#encoders[index]?.flush();
        },
      },
    );
    this.ended = this.#decoder.ended.then((end) => {
      counters.partialFrames += this.#decoder.partialFrames;
      for (const encoder of this.#encoders) encoder.close();
      return end;
    });
  }

  get pid(): number | undefined {
    return this.#decoder.pid;
  }

  get framesSeen(): boolean {
    return this.#decoder.framesSeen;
  }

  /** Shortest time that a unit waited for the decoder since the last call, ms. */
  takeLeastWait(): number {
    return this.#decoder.queue.takeLeastWait(performance.now());
  }

  /** Units that were let go because they had waited too long. */
  get dropped(): number {
    return this.#decoder.queue.dropped;
  }

  get log(): string {
    return this.#decoder.log;
  }

  /** The newest unit that it was given. */
  get lastUnit(): AccessUnit | null {
    return this.#lastUnit;
  }

  /** Nothing waits for it. */
  get hasTakenAll(): boolean {
    return this.#decoder.hasTakenAll;
  }

  /** Its pictures are of about the present; `picture` is the one that it just gave. */
  hasCaughtUp({ arrivedAt }: Picture): boolean {
    const behindMs = (this.#lastUnit?.arrivedAt ?? arrivedAt) - arrivedAt;
    return behindMs <= CAUGHT_UP_MS || performance.now() - this.startedAt > BESIDE_MS;
  }

  /** How long it has made no picture of what it was given and has taken, ms. */
  get barrenMs(): number {
    return this.#decoder.barrenMs;
  }

  get demandCount(): number {
    return this.#encoders.reduce((sum, encoder) => sum + encoder.demandCount, 0);
  }

  setDemands(outputs: readonly DecodeOutput[]): void {
    this.outputs.forEach((own, index) => {
      const wanted = outputs.find((output) => sizeKey(output) === sizeKey(own));
      this.#encoders[index]?.setDemands(wanted?.demands ?? []);
    });
  }

  /** @param isAlone the units around it are left out */
  decode(timed: TimedUnit, isAlone: boolean): void {
    if (this.#isSealed) return;
    this.#lastUnit = timed.unit;
    this.#decoder.decode(timed);
    if (isAlone) this.#bringOut(timed);
  }

  get isSealed(): boolean {
    return this.#isSealed;
  }

  /** It goes on behind units that it was not given: pictures that refer to what was before them would be torn. */
  get hasGap(): boolean {
    return this.#decoder.queue.hasGap;
  }

  /** It gives what it has been given, but for what waits behind a gap, and takes no more. */
  seal(): void {
    this.#isSealed = true;
    if (this.hasGap) this.#decoder.queue.clear();
  }

  /** What comes next does not follow what came: decoding begins anew at the next unit where it can. */
  interrupt(): void {
    this.#decoder.queue.interrupt();
  }

  retire(): void {
    if (this.#copyTimer) clearTimeout(this.#copyTimer);
    this.#decoder.stop();
    // A frame that waits for its encoding would be written over meanwhile.
    for (const encoder of this.#encoders) encoder.setDemands([]);
  }

  /**
   * A decoder that reorders or deinterlaces holds a picture back until others come. Of a lone key frame it is given copies until the
   * picture is out.
   */
  #bringOut({ unit, ticks }: TimedUnit): void {
    if (this.#copyTimer) clearTimeout(this.#copyTimer);
    const given = performance.now();
    for (let copy = 1; copy <= this.#copies; copy++) this.#decoder.decode({ unit, ticks: ticks + copy });
    const look = (): void => {
      this.#copyTimer = null;
      if (this.#lastPictureAt >= given || this.#copies === MOST_COPIES) return;
      // Slow is not held back.
      if (this.#decoder.hasTakenAll) this.#decoder.decode({ unit, ticks: ticks + ++this.#copies });
      this.#copyTimer = setTimeout(look, AT_ONCE_MS);
    };
    this.#copyTimer = setTimeout(look, AT_ONCE_MS);
  }

  #onFrame(index: number, frame: Uint8Array, ticks: number): void {
    this.#lastPictureAt = performance.now();
    if (ticks !== this.#shown.ticks) this.#shown = { ticks, picture: this.events.picture(this, ticks) };
    const { picture } = this.#shown;
    if (picture) this.#encoders[index]?.frame(frame, picture);
    else this.#encoders[index]?.flush();
  }
}

/** Pictures with the same key need no other decoder. */
export function pictureKey(format: VideoFormat): string {
  const { codec, width, height, sampleAspect, fullRange, matrix, bitDepth, chroma, interlaced } = format;
  const shape = `${width}x${height}:${sampleAspect.width}/${sampleAspect.height}`;
  return [codec, shape, fullRange, matrix, bitDepth, chroma, interlaced].join(' ');
}

/** Two stages with the same key decode the same: kind of picture and sizes. */
export const stageKey = (format: VideoFormat, outputs: readonly DecodeOutput[]): string =>
  `${pictureKey(format)} ${outputs.map(sizeKey).sort().join(' ')}`;

/** The camera's own size as it is to be shown: even pixels, no larger than viewers may ask for. */
export function sourceSize(
  { width, height, sampleAspect }: VideoFormat,
  aspect: number | null,
): { width: number; height: number } {
  const shape = aspect ?? (width * sampleAspect.width) / (height * sampleAspect.height);
  const shown = Math.min(WIDTH.max, HEIGHT.max * shape, Math.max(width, height * shape));
  return { width: even(shown, WIDTH.min), height: even(shown / shape, HEIGHT.min) };
}

const even = (pixels: number, least: number): number => Math.max(least, 2 * Math.round(pixels / 2));

const rgbBuffers = (size: DecodeOutput | undefined): [Uint8Array, Uint8Array] => {
  const bytes = (size?.width ?? 0) * (size?.height ?? 0) * 3;
  return [new Uint8Array(bytes), new Uint8Array(bytes)];
};
