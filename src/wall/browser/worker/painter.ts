import type { Size } from '../../page/video/drawn-size.js';
import { FRAME_HEADER_BYTES, type FrameHeader, type VideoForm } from '../../protocol.js';
import type { VideoBitmaps } from './video-bitmap.js';

/** A picture to draw: a JPEG as it came, or one that a decoder gave, which is the painter's to close. */
type Picture =
  | {
      readonly header: FrameHeader;
      readonly form: 'jpeg';
      readonly message: ArrayBuffer;
      /** Page time, ms. */
      readonly receivedAt: number;
    }
  | {
      readonly header: FrameHeader;
      readonly form: VideoForm;
      readonly frame: VideoFrame;
      /** As it is to be seen, which its samples may not be. */
      readonly shown: Size;
      /** At most that: what the tile has pixels for. */
      readonly drawn: Size;
    };

/** At a change of form a picture from before the one on the screen is not drawn, for so long, ms: time does not go back. */
const NO_WAY_BACK_MS = 10_000;

/** Draws the pictures of one tile, in the worker. One is being drawn, one may wait: the newest. */
export class Painter {
  drawn = 0;
  capturedAt = 0;
  /** From capture to drawn, ms. */
  latency = 0;
  /** Of the picture on the screen: of video the camera's, although a small tile is drawn with fewer pixels. */
  width = 0;
  height = 0;
  /** Of the picture on the screen. */
  form: VideoForm | 'jpeg' = 'jpeg';
  /** The newest picture that was taken to be drawn, and since when they are of its form: page time, ms. */
  #taken: { readonly form: VideoForm | 'jpeg'; readonly capturedAt: number; readonly since: number } | null =
    null;
  #delays: number[] = [];
  #busy = false;
  #waiting: Picture | null = null;
  readonly #context: ImageBitmapRenderingContext | null;

  /** `settled` is called with a picture's header when it was drawn or could not be; never for replaced ones. */
  constructor(
    canvas: OffscreenCanvas,
    private readonly bitmaps: VideoBitmaps,
    private readonly serverNow: () => number,
    private readonly settled: (header: FrameHeader) => void,
  ) {
    this.#context = canvas.getContext('bitmaprenderer');
  }

  jpeg(header: FrameHeader, message: ArrayBuffer): void {
    // The service's newest JPEG of a camera that everybody watches as video may be seconds old.
    const receivedAt = performance.now();
    const taken = this.#taken;
    const isChanging = taken && (taken.form !== 'jpeg' || receivedAt - taken.since < NO_WAY_BACK_MS);
    if (isChanging && header.capturedAt < taken.capturedAt) this.settled(header);
    else this.#offer({ header, form: 'jpeg', message, receivedAt });
  }

  video(
    header: FrameHeader,
    form: VideoForm,
    frame: VideoFrame,
    sizes: { readonly shown: Size; readonly drawn: Size },
  ): void {
    // By how much it is older than the newest JPEG, ms. By more than this the server's clock was set back.
    const back = this.#taken?.form === 'jpeg' ? this.#taken.capturedAt - header.capturedAt : 0;
    if (back > 0 && back < NO_WAY_BACK_MS) {
      frame.close();
      this.settled(header);
    } else this.#offer({ header, form, frame, ...sizes });
  }

  /** From received to drawn of the JPEGs since the last look, ms. */
  takeDelays(): readonly number[] {
    const delays = this.#delays;
    this.#delays = [];
    return delays;
  }

  /** The tile is gone. */
  close(): void {
    this.#drop();
  }

  #offer(picture: Picture): void {
    this.#drop();
    const { form, header } = picture;
    const since = this.#taken?.form === form ? this.#taken.since : performance.now();
    this.#taken = { form, capturedAt: header.capturedAt, since };
    if (this.#busy) this.#waiting = picture;
    else void this.#draw(picture);
  }

  #drop(): void {
    if (this.#waiting && this.#waiting.form !== 'jpeg') this.#waiting.frame.close();
    this.#waiting = null;
  }

  async #draw(picture: Picture): Promise<void> {
    const { header, form } = picture;
    this.#busy = true;
    try {
      const bitmap = await this.#bitmapOf(picture);
      const { width, height } = picture.form === 'jpeg' ? bitmap : picture.shown;
      this.width = width;
      this.height = height;
      this.#context?.transferFromImageBitmap(bitmap);
      this.drawn += 1;
      this.capturedAt = header.capturedAt;
      this.latency = Math.max(0, this.serverNow() - header.capturedAt);
      if (picture.form === 'jpeg') this.#delays.push(performance.now() - picture.receivedAt);
      this.form = form;
    } catch {
      // A frame that does not decode is skipped: the next one is whole again, and without one the tile turns stale.
    }
    this.#busy = false;
    this.settled(header);
    const next = this.#waiting;
    this.#waiting = null;
    if (next) void this.#draw(next);
  }

  async #bitmapOf(picture: Picture): Promise<ImageBitmap> {
    if (picture.form === 'jpeg') return bitmapOfJpeg(new Uint8Array(picture.message, FRAME_HEADER_BYTES));
    try {
      return await this.bitmaps.of(picture.frame, picture.drawn);
    } finally {
      picture.frame.close();
    }
  }
}

/**
 * ImageDecoder takes the bytes as they are; a Blob is handed to the browser's main process first, which made a wall of 64 cost
 * 1.4 times as much. Browsers have ImageDecoder on https and on localhost only.
 */
async function bitmapOfJpeg(jpeg: Uint8Array<ArrayBuffer>): Promise<ImageBitmap> {
  const type = 'image/jpeg';
  if (typeof ImageDecoder === 'undefined') return createImageBitmap(new Blob([jpeg], { type }));
  const decoder = new ImageDecoder({ type, data: jpeg });
  try {
    const { image } = await decoder.decode();
    try {
      return await createImageBitmap(image);
    } finally {
      image.close();
    }
  } finally {
    decoder.close();
  }
}
