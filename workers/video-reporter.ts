import type { VideoCodec, VideoReport } from '../src/shared/worker-protocol.js';
import type { AccessUnit } from '../src/video/access-unit.js';
import { Lateness } from './lateness.js';
import { isPictureByItself } from './key-picture.js';

/** Distances between key frames that are remembered. */
const REMEMBERED_GAPS = 4;

/** Counts what the main thread judges a run's life and load by. Pure. */
export class VideoReporter {
  readonly #lateness = new Lateness();
  #codec: VideoCodec | null = null;
  #units = 0;
  #keyFrames = 0;
  #refreshes = 0;
  #lastKeyAt: number | null = null;
  #gaps: number[] = [];
  #pictureAt: number | null = null;
  /** Least of the period: what all units are late by. */
  #latenessMs: number | null = null;

  get units(): number {
    return this.#units;
  }

  /** A unit was received. */
  unit(unit: AccessUnit): void {
    const { mediaTimeMs, arrivedAt } = unit;
    this.#codec = unit.codec;
    this.#units++;
    this.#lateness.note(mediaTimeMs, arrivedAt);
    this.#latenessMs = Math.min(this.#latenessMs ?? Infinity, this.#lateness.ms);
    if (!isPictureByItself(unit)) {
      if (unit.randomAccess === 'recovery') this.#refreshes++;
      return;
    }
    this.#keyFrames++;
    if (this.#lastKeyAt !== null)
      this.#gaps = [...this.#gaps, arrivedAt - this.#lastKeyAt].slice(-REMEMBERED_GAPS);
    this.#lastKeyAt = arrivedAt;
  }

  /** A picture came out of the decoder. @param arrivedAt of its unit */
  picture(arrivedAt: number): void {
    this.#pictureAt = arrivedAt;
  }

  /**
   * The report of the period since the last call.
   * @param waitMs shortest wait for a decoder
   * @param droppedUnits that decoders have let go since the run began
   * @param awaiting whole units that were left out since the run began, because they need a key frame
   */
  take(waitMs: number, droppedUnits: number, awaiting: number): VideoReport {
    const report = {
      codec: this.#codec,
      units: this.#units + awaiting,
      keyFrames: this.#keyFrames,
      refreshes: this.#refreshes,
      keyFrameGapMs: this.#gaps.length === 0 ? null : Math.max(...this.#gaps),
      pictureAt: this.#pictureAt,
      waitMs,
      droppedUnits,
      latenessMs: this.#latenessMs ?? this.#lateness.ms,
    };
    this.#latenessMs = null;
    return report;
  }
}
