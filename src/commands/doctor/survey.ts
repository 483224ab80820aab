import type { AccessUnit } from '../../video/access-unit.js';
import type { VideoFormat } from '../../video/video-format.js';

/** What a camera sends, picture by picture, without decoding it. */
export interface Survey {
  /** `null` before the first picture. */
  readonly format: VideoFormat | null;
  readonly pictures: number;
  readonly fps: number | null;
  /** Mean seconds from key frame to key frame; `null` when fewer than two came. */
  readonly keyFrameSeconds: number | null;
  /** How much of the stream was seen, seconds. */
  readonly seconds: number;
  readonly kbitPerSecond: number | null;
  /** RTP packets that never came. */
  readonly lostPackets: number;
}

/** Longest look: cameras with "smart" codecs may send a key frame every 10 s and more. */
export const SURVEY_MS = 12_000;
/** Enough: a shorter look would take a jitter for a rate. */
const ENOUGH_SECONDS = 3;
const ENOUGH_KEY_FRAMES = 3;

/** Collects access units. */
export class UnitSurvey {
  #format: VideoFormat | null = null;
  /** ms of media time; with B-frames it goes back and forth. */
  readonly #times: number[] = [];
  readonly #keys: number[] = [];
  #bytes = 0;

  add({ format, mediaTimeMs, randomAccess, data }: AccessUnit): void {
    this.#format = format;
    this.#times.push(mediaTimeMs);
    if (randomAccess === 'key') this.#keys.push(mediaTimeMs);
    this.#bytes += data.length;
  }

  get enough(): boolean {
    return this.#keys.length >= ENOUGH_KEY_FRAMES && span(this.#times) >= ENOUGH_SECONDS;
  }

  result(lostPackets: number): Survey {
    const seconds = span(this.#times);
    const pictures = this.#times.length;
    return {
      format: this.#format,
      pictures,
      fps: seconds > 0 ? (pictures - 1) / seconds : null,
      keyFrameSeconds: this.#keys.length > 1 ? span(this.#keys) / (this.#keys.length - 1) : null,
      seconds,
      kbitPerSecond: seconds > 0 ? (this.#bytes * 8) / 1000 / seconds : null,
      lostPackets,
    };
  }
}

/** Seconds from the earliest to the latest of these ms. */
const span = (times: readonly number[]): number =>
  times.length === 0 ? 0 : (Math.max(...times) - Math.min(...times)) / 1000;
