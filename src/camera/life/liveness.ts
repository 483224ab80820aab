import type { DecodePlan, VideoReport } from '../../shared/worker-protocol.js';
import { type KeyFrameGap, RARE_MS } from './key-frame-gap.js';

/**
 * Key frames may be far apart, up to a minute where the encoder stretches them on a still scene: while one is awaited the watchdog
 * waits this many stall timeouts.
 */
const KEY_FRAME_PATIENCE = 13;
/** And this many while pictures are hidden until an intra refresh is through: one may be lost, and the next takes as long. */
const REFRESH_PATIENCE = 3;

export interface LivenessTimes {
  /** The first frame is due this long after the start, ms. */
  readonly openMs: number;
  /** Each further frame is due this long after the one before, ms. */
  readonly stallMs: number;
}

/** Why a run is given up. `no_key_frame` and `bad_data`: video comes, and no picture of it. */
export type Overdue = 'open_timeout' | 'stall' | 'no_key_frame' | 'bad_data';

type Mode = Pick<DecodePlan, 'pictures' | 'groupShare'>;

/** Whether pictures between key frames are left out. */
const isThinned = ({ pictures, groupShare = 1 }: Mode): boolean => pictures !== 'all' || groupShare < 1;

/**
 * How old a camera's picture may be and still be of the present, ms; undefined while all frames are decoded, or viewers get them as
 * video.
 */
export const maxGapMs = (mode: Mode, gap: KeyFrameGap): number | undefined =>
  isThinned(mode) && mode.pictures !== 'sampled' ? gap.maxMs : undefined;

/** When the next sign of life of one run is due. Pure; times are monotonic, ms. */
export class Liveness {
  /** When the newest picture came. */
  #pictureAt: number | null = null;
  /** Intra refreshes that had been told of by then. */
  #refreshesAtPicture = 0;
  /** When the present mode of decoding began. */
  #modeSince: number;
  /** What the worker tells of the video; `null` from a worker that tells nothing. */
  #video: { readonly report: VideoReport; readonly firstAt: number; readonly newestAt: number } | null = null;
  /** When the first key frame was told of, if other video came before: from then on there may be a picture. */
  #keyFrameAt: number | null = null;

  /** @param gap what the camera's key frames have shown; kept from run to run */
  constructor(
    private readonly times: LivenessTimes,
    private mode: Mode,
    private readonly gap: KeyFrameGap,
    private readonly startedAt: number,
  ) {
    this.#modeSince = startedAt;
    gap.interrupt();
  }

  /** Whether a picture has come. */
  get isLive(): boolean {
    return this.#pictureAt !== null;
  }

  /** Whether video comes that cannot be decoded before a key frame does. */
  get awaitsKeyFrame(): boolean {
    return !this.isLive && this.#video !== null && this.#video.report.keyFrames === 0;
  }

  /** When to look again: nothing is overdue before, unless the mode changes. */
  get dueAt(): number {
    return Math.min(this.#endAt, this.#keyFrameDueAt);
  }

  /** Why the run is to be given up at `now`; `null` to go on. */
  overdue(now: number): Overdue | null {
    if (now < this.#endAt) return null;
    const isFlowing = this.#video !== null && now < this.#video.newestAt + this.times.stallMs;
    if (isFlowing) return this.awaitsKeyFrame || isThinned(this.mode) ? 'no_key_frame' : 'bad_data';
    return this.isLive ? 'stall' : 'open_timeout';
  }

  /** @returns whether it became clear only now that key frames come too rarely to be decoded alone */
  noteLateKeyFrame(now: number): boolean {
    if (now < this.#keyFrameDueAt) return false;
    this.gap.late();
    return true;
  }

  /**
   * A picture came, or was decoded although nobody wanted it.
   * @param at when it reached the service
   */
  picture(at: number): void {
    this.#pictureAt = Math.max(at, this.#pictureAt ?? at);
    this.#refreshesAtPicture = this.#video?.report.refreshes ?? 0;
    if (this.mode.pictures === 'key_frames') this.gap.note(at);
  }

  video(report: VideoReport, now: number): void {
    const before = this.#video;
    if (report.units === (before?.report.units ?? 0)) return;
    this.#video = { report, firstAt: before?.firstAt ?? now, newestAt: now };
    if (before?.report.keyFrames === 0 && report.keyFrames > 0) this.#keyFrameAt ??= now;
    if (report.keyFrameGapMs !== null) this.gap.report(report.keyFrameGapMs);
    // A camera that refreshes its picture bit by bit needs no key frames, and mostly sends none.
    if (report.keyFrames === 0 && report.refreshes > 0) this.gap.late();
  }

  plan(next: Mode, now: number): void {
    if (this.mode.pictures !== next.pictures) {
      this.#modeSince = now;
      this.gap.interrupt();
    }
    this.mode = next;
  }

  get #endAt(): number {
    const { openMs, stallMs } = this.times;
    const patience = stallMs * KEY_FRAME_PATIENCE;
    if (this.#pictureAt === null) {
      // A key frame may come later than the first picture was due: its decoding takes a moment.
      if (!this.#video || !this.awaitsKeyFrame) return (this.#keyFrameAt ?? this.startedAt) + openMs;
      return Math.min(this.#video.firstAt + Math.max(openMs, patience), this.#video.newestAt + openMs);
    }
    if (!isThinned(this.mode)) return this.#pictureDueAt(this.#pictureAt);
    const keyFrameBy =
      this.#pictureAt + (this.mode.pictures === 'all' ? Math.max(stallMs, this.gap.maxMs) : patience);
    return this.#video ? Math.min(keyFrameBy, this.#video.newestAt + stallMs) : keyFrameBy;
  }

  /** When the next picture is due while all are decoded: later as long as units of an intra refresh come, which are not shown. */
  #pictureDueAt(pictureAt: number): number {
    const { stallMs } = this.times;
    const dueAt = Math.max(pictureAt, this.#modeSince) + stallMs;
    if (!this.#video || this.#video.report.refreshes === this.#refreshesAtPicture) return dueAt;
    return Math.max(dueAt, Math.min(pictureAt + stallMs * REFRESH_PATIENCE, this.#video.newestAt + stallMs));
  }

  get #keyFrameDueAt(): number {
    const { pictures } = this.mode;
    if (pictures === 'all' || this.gap.keyFrames !== 'frequent') return Infinity;
    // Most are left out: the worker's reports say how far apart they are, unless none has come at all.
    if (pictures === 'sampled' && (this.#video?.report.keyFrames ?? 1) > 0) return Infinity;
    const since = this.#pictureAt ?? this.#video?.firstAt ?? this.startedAt;
    return Math.max(since, this.#modeSince) + RARE_MS;
  }
}
