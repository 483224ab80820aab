import type { PassedFormat } from '../../shared/worker-protocol.js';
import { type JpegReason, type TileVideo, VIDEO_FORMS, type VideoForm } from '../tile-video.js';
import { VideoFallback } from './video-fallback.js';

/** Whether one tile is given video or pictures, why, and what its client was told of it. Pure; times are monotonic, ms. */
export class TileForm {
  #forms: readonly VideoForm[] = [];
  /** Why it gets pictures although it can, or could, show video; `null`: it never could, or video is about to come. */
  #why: JpegReason | null = null;
  #fallback = new VideoFallback();
  #told: TileVideo | null = null;
  #format: PassedFormat | null = null;

  /**
   * The client says which codecs the tile can show now.
   * @param why they are fewer than before
   * @returns the reason why video ends now, if it does
   */
  asked(codecs: readonly string[], why: JpegReason): JpegReason | null {
    const could = this.#forms.length > 0;
    this.#forms = VIDEO_FORMS.filter((form) => codecs.includes(form));
    if (this.#forms.length > 0 || !could) return null;
    this.#why = why;
    return why;
  }

  /** Whether the tile is to be given video now, or may be. */
  wantsVideo(now: number): boolean {
    return this.#forms.length > 0 && this.#fallback.mayTry(now);
  }

  /** Whether video was given up and is to be tried anew: then it must not begin with a backlog. */
  get isRetry(): boolean {
    return this.#fallback.isRetry;
  }

  canShow(codec: VideoForm): boolean {
    return this.#forms.includes(codec);
  }

  /** The tile was too far behind. @returns whether video is to be given up */
  skipped(now: number): boolean {
    return this.#fallback.skipped(now);
  }

  gaveUp(why: JpegReason, now: number): void {
    this.#why = why;
    this.#fallback.gaveUp(now);
  }

  /** Video begins. */
  began(now: number): void {
    this.#why = null;
    this.#fallback.began(now);
  }

  /** A unit is about to be sent. @returns what is to be told before it */
  tellUnit(format: PassedFormat): TileVideo | null {
    if (this.#format === format && this.#told?.form === format.codec) return null;
    this.#format = format;
    const { codec: form, codecString: codec, ...rest } = format;
    return (this.#told = { form, codec, ...rest });
  }

  /** A JPEG is about to be sent. @returns what is to be told before it */
  tellPicture(): TileVideo | null {
    const why = this.#why;
    if (why === null || (this.#told?.form === 'jpeg' && this.#told.why === why)) return null;
    return (this.#told = { form: 'jpeg', why });
  }
}
