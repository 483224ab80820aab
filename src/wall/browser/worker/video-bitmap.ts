import type { Size } from '../../page/video/drawn-size.js';

/** Makes pictures of video ready for a canvas. */

/** Pixels that were drawn and may be written over; of one wall most are of one size. */
const MOST_SPARE = 2;

export class VideoBitmaps {
  /** False once the browser has refused to give pixels in RGB: those of before 2024. */
  #copies: boolean;
  #spare: ImageData[] = [];

  /**
   * Without graphics hardware `createImageBitmap` of a VideoFrame in Chromium asks the page's thread and the browser's main process
   * for it, for each picture, and the worker waits: copying the pixels takes two thirds of the time, and no other thread.
   */
  constructor(hasGraphics: boolean) {
    this.#copies = !hasGraphics;
  }

  /** @param frame is closed by the caller, after this */
  async of(frame: VideoFrame, size: Size): Promise<ImageBitmap> {
    if (this.#copies && frame.format !== null) {
      const pixels = await this.#pixelsOf(frame);
      if (pixels) {
        const bitmap = await createImageBitmap(pixels, scaling(pixels, size));
        this.#keep(pixels);
        return bitmap;
      }
    }
    return createImageBitmap(
      frame,
      scaling({ width: frame.displayWidth, height: frame.displayHeight }, size),
    );
  }

  /** Null if the browser cannot. */
  async #pixelsOf(frame: VideoFrame): Promise<ImageData | null> {
    const { visibleRect } = frame;
    if (!visibleRect) return null;
    const { width, height } = visibleRect;
    const pixels = this.#take(width, height);
    try {
      // `format` is younger than the DOM library's types.
      const options: VideoFrameCopyToOptions & { readonly format: string } = { format: 'RGBA' };
      const planes = await frame.copyTo(pixels.data, options);
      // Browsers that do not know `format` give the planes of YUV.
      if (planes.length === 1 && planes[0]?.stride === 4 * width) return pixels;
    } catch (error) {
      if (!(error instanceof DOMException && error.name === 'NotSupportedError')) throw error;
    }
    this.#copies = false;
    return null;
  }

  /** Tiles draw at the same time, so none has pixels that another one may be using. */
  #take(width: number, height: number): ImageData {
    const at = this.#spare.findIndex((pixels) => pixels.width === width && pixels.height === height);
    return this.#spare.splice(at, at < 0 ? 0 : 1)[0] ?? new ImageData(width, height);
  }

  #keep(pixels: ImageData): void {
    this.#spare = [pixels, ...this.#spare].slice(0, MOST_SPARE);
  }
}

function scaling(from: Size, to: Size): ImageBitmapOptions {
  if (from.width === to.width && from.height === to.height) return {};
  return { resizeWidth: to.width, resizeHeight: to.height, resizeQuality: 'medium' };
}
