import { epochMs } from '../src/shared/clock.js';
import type { DecodePlan, RunCounters } from '../src/shared/worker-protocol.js';
import type { AccessUnit } from '../src/video/access-unit.js';
import type { VideoFormat } from '../src/video/video-format.js';
import { DecoderExchange } from './decoder-exchange.js';
import { DecoderStarts } from './decoder-starts.js';
import { DecoderStage, pictureKey, stageKey, type StageOptions } from './decoder-stage.js';
import { classifyEnd, describeEnd, type FfmpegEnd, lastLines } from './ffmpeg/decoder-end.js';
import { sizeFault } from './ffmpeg/limits.js';
import type { DecodingEvents } from './decoding-events.js';
import { LatePictures } from './late-pictures.js';
import { UnitBacklog } from './unit-backlog.js';
import { UnitChoice } from './unit-choice.js';
import { type Picture, UnitTimes } from './unit-times.js';
import { isOpenGroup, isPictureByItself } from './key-picture.js';

/** A decoder that ends sooner than this would end again, ms. */
const SETTLED_MS = 5000;
/** A decoder that was started before the stream came waits for it so long, ms: a group of pictures is rarely longer. */
export const PREPARED_MS = 5000;

/**
 * From the access units of one stream to its JPEGs: which units are decoded, by which decoder, and which pictures are shown.
 * Another plan never needs another stream: what a new decoder is begun with is kept here.
 */
export class StreamDecoding {
  readonly #backlog = new UnitBacklog();
  readonly #times = new UnitTimes();
  readonly #choice = new UnitChoice();
  readonly #exchange = new DecoderExchange<DecoderStage>();
  /** Stages whose processes are not reaped yet. */
  readonly #alive = new Set<DecoderStage>();
  readonly #starts = new DecoderStarts(() => {
    this.#tryAgain();
  });
  #preparedEnd: NodeJS.Timeout | null = null;
  #format: VideoFormat | null = null;
  #pictureKey = '';
  /** Units were left out since the last one that was decoded. */
  #hasSkipped = false;
  /** Of stages that are gone. */
  #dropped = 0;
  readonly #late = new LatePictures();

  constructor(
    private plan: DecodePlan,
    private readonly options: StageOptions,
    private readonly counters: RunCounters,
    private readonly events: DecodingEvents,
  ) {}

  /** JPEGs that are encoded of one picture. */
  get demandCount(): number {
    return this.#exchange.decoders[0]?.demandCount ?? 0;
  }

  /** Units that were let go because they had waited too long. */
  get dropped(): number {
    return [...this.#alive].reduce((sum, stage) => sum + stage.dropped, this.#dropped);
  }

  /** Shortest time that a unit waited for a decoder since the last call, ms: a standing queue is never empty. */
  takeLeastWait(): number {
    return Math.max(0, ...this.#exchange.decoders.map((stage) => stage.takeLeastWait()));
  }

  /** How long no picture was made of units that were read, ms, and what FFmpeg says of it. */
  get barren(): { readonly ms: number; readonly log: string } {
    const [current] = this.#exchange.decoders;
    return { ms: current?.barrenMs ?? 0, log: lastLines(current?.log ?? '') };
  }

  /** The units since the last one where a decoder can begin; empty if none can. */
  get backlog(): readonly AccessUnit[] {
    return this.#backlog.since(null) ?? [];
  }

  /**
   * Starts a decoder for a stream that is about to come, if somebody waits for its pictures: FFmpeg's start then lies before the first
   * key frame. If something else comes it is replaced.
   */
  prepare(format: VideoFormat): void {
    const { outputs, pictures } = this.plan;
    const isAwaited = pictures !== 'sampled' && outputs.some(({ demands }) => demands.length > 0);
    if (this.#format || !isAwaited || sizeFault(format) !== null) return;
    try {
      this.#exchange.prepare(stageKey(format, outputs), () => this.#start(format));
    } catch {
      // The start at the key frame tells why, if it fails too.
      return;
    }
    if (this.#preparedEnd) clearTimeout(this.#preparedEnd);
    this.#preparedEnd = setTimeout(() => {
      this.#exchange.giveUpPrepared();
    }, PREPARED_MS);
  }

  /** Takes the next unit in decoding order. */
  unit(unit: AccessUnit): void {
    this.#backlog.push(unit);
    if (unit.format !== this.#format && unit.randomAccess !== 'none' && !this.#setFormat(unit.format)) return;
    if (unit.discontinuity && this.#decodesAll && isOpenGroup(unit)) this.#beginAnew();
    if (this.#choice.leavesOut(unit, this.plan)) {
      this.#hasSkipped = true;
      return;
    }
    if (this.#hasSkipped) this.#goOnWith(unit);
    for (const stage of this.#exchange.decoders)
      if (stage.lastUnit !== unit && stage.pictureKey === this.#pictureKey)
        stage.decode(this.#times.timed(unit), !this.#decodesAll);
    if (this.#goesOnTorn) this.#beginAnew();
  }

  setPlan(plan: DecodePlan): void {
    const before = this.plan.pictures;
    this.plan = plan;
    this.#exchangeDecoders();
    if (before !== 'all' && plan.pictures === 'all' && this.#hasSkipped) this.#catchUp();
  }

  /** Resolves when nothing of it is left. */
  async close(): Promise<void> {
    this.#starts.close();
    if (this.#preparedEnd) clearTimeout(this.#preparedEnd);
    this.#exchange.end();
    await Promise.all([...this.#alive].map((stage) => stage.ended));
  }

  get #decodesAll(): boolean {
    return this.plan.pictures === 'all';
  }

  /** A decoder goes on behind units that it was not given, where it makes torn pictures. */
  get #goesOnTorn(): boolean {
    const hasGap = this.#decodesAll && this.#exchange.decoders.some((stage) => stage.hasGap);
    return hasGap && this.#backlog.needsNewDecoder;
  }

  /** @returns whether it can be decoded */
  #setFormat(format: VideoFormat): boolean {
    this.#format = format;
    this.#pictureKey = pictureKey(format);
    const fault = sizeFault(format);
    if (fault === null) this.#exchangeDecoders();
    else this.events.failed({ code: 'bad_data', detail: fault });
    return fault === null;
  }

  /** Sees to it that what the plan says is decoded, or will be as soon as a picture can be begun. */
  #exchangeDecoders(): void {
    const { outputs } = this.plan;
    const format = this.#format;
    if (!format) return;
    const key = stageKey(format, outputs);
    if (!this.#exchange.startsFor(key) || this.#starts.take(this.#exchange.isEmpty ? 'first' : 'exchange'))
      this.#tryTo(() => {
        this.#exchange.want(key, () => this.#start(format));
      });
    // One that is to be replaced goes on with what it has: those who still want it miss nothing.
    for (const stage of this.#exchange.decoders) if (stage.key === key) stage.setDemands(outputs);
  }

  /** Decoding begins anew at a unit that is no key picture: a decoder that went on would make torn pictures (`UnitBacklog`). */
  #beginAnew(): void {
    const format = this.#format;
    if (!format) return;
    this.#hasSkipped = false;
    for (const stage of this.#exchange.decoders) stage.seal();
    if (this.#starts.take('renewal'))
      this.#tryTo(() => {
        this.#exchange.renew(() => this.#start(format));
      });
  }

  #tryAgain(): void {
    if (this.#exchange.isSealed) this.#beginAnew();
    else this.#exchangeDecoders();
  }

  #tryTo(start: () => void): void {
    try {
      start();
    } catch (error) {
      this.events.failed({ code: 'no_process', detail: error instanceof Error ? error.message : '' });
    }
  }

  #start(format: VideoFormat): DecoderStage {
    const stage = new DecoderStage(format, this.plan.outputs, this.options, this.counters, {
      picture: (from, ticks) => this.#onPicture(from, ticks),
      hasRoom: () => this.events.hasRoom(),
      send: (frame) => {
        this.events.send(frame);
      },
    });
    this.#alive.add(stage);
    const { pid } = stage;
    if (pid !== undefined) this.events.spawned(pid);
    void stage.ended.then((end) => {
      this.#alive.delete(stage);
      this.#dropped += stage.dropped;
      if (pid !== undefined) this.events.reaped(pid);
      this.#onStageEnd(stage, end);
    });
    for (const unit of this.#decodesAll ? this.backlog : this.backlog.slice(0, 1))
      stage.decode(this.#times.timed(unit), !this.#decodesAll);
    return stage;
  }

  /** After units that were left out. */
  #goOnWith(unit: AccessUnit): void {
    if (!isPictureByItself(unit)) this.#catchUp();
    else if (this.#decodesAll && this.#backlog.needsNewDecoder) this.#beginAnew();
    else for (const stage of this.#exchange.decoders) stage.interrupt();
    this.#hasSkipped = false;
  }

  /** Units were left out: the decoders are given them now, for the sake of the newest. */
  #catchUp(): void {
    this.#hasSkipped = false;
    const newest = this.backlog.at(-1);
    if (newest) this.#exchange.hideBefore(this.#times.timed(newest).ticks);
    if (this.#goesOnTorn) this.#beginAnew();
    else
      for (const stage of this.#exchange.decoders) {
        const missed = this.#backlog.since(stage.lastUnit);
        if (missed === null) stage.interrupt();
        for (const unit of missed ?? []) stage.decode(this.#times.timed(unit), false);
      }
  }

  #onPicture(stage: DecoderStage, ticks: number): Picture | null {
    const picture = this.#times.picture(ticks);
    if (!picture || !this.#exchange.picture(stage, ticks, stage.hasCaughtUp(picture))) return null;
    this.events.picture(picture);
    if (!this.#late.passesOver(picture, () => !stage.hasTakenAll, epochMs())) return picture;
    this.counters.droppedBeforeEncode++;
    return null;
  }

  /** A stage ended, by itself or because it was retired. */
  #onStageEnd(stage: DecoderStage, end: FfmpegEnd): void {
    if (!this.#exchange.lost(stage)) return;
    const isSettled = end.framesSeen && performance.now() - stage.startedAt > SETTLED_MS;
    if (isSettled) this.#tryAgain();
    else if (this.#exchange.kind === 'waiting')
      this.events.failed({ code: classifyEnd(end), detail: describeEnd(end) });
    else this.#starts.failed();
  }
}
