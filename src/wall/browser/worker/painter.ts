import { FRAME_HEADER_BYTES, type FrameHeader } from '../../protocol.js';

/** Decodes and draws the frames of one tile, in the worker. One is being decoded, one may wait: the newest. */
export class Painter {
  drawn = 0;
  capturedAt = 0;
  /** From capture to drawn, ms. */
  latency = 0;
  width = 0;
  height = 0;
  #busy = false;
  #waiting: { readonly header: FrameHeader; readonly message: ArrayBuffer } | null = null;
  readonly #context: ImageBitmapRenderingContext | null;

  /** `settled` is called with a frame's header when it was drawn or could not be; never for replaced ones. */
  constructor(
    canvas: OffscreenCanvas,
    private readonly serverNow: () => number,
    private readonly settled: (header: FrameHeader) => void,
  ) {
    this.#context = canvas.getContext('bitmaprenderer');
  }

  frame(header: FrameHeader, message: ArrayBuffer): void {
    if (this.#busy) this.#waiting = { header, message };
    else void this.#draw(header, message);
  }

  async #draw(header: FrameHeader, message: ArrayBuffer): Promise<void> {
    this.#busy = true;
    try {
      const jpeg = new Uint8Array(message, FRAME_HEADER_BYTES);
      const bitmap = await bitmapOf(jpeg);
      this.width = bitmap.width;
      this.height = bitmap.height;
      this.#context?.transferFromImageBitmap(bitmap);
      this.drawn += 1;
      this.capturedAt = header.capturedAt;
      this.latency = Math.max(0, this.serverNow() - header.capturedAt);
    } catch {
      // A frame that does not decode is skipped: the next one is whole again, and without one the tile turns stale.
    }
    this.#busy = false;
    this.settled(header);
    const next = this.#waiting;
    this.#waiting = null;
    if (next) void this.#draw(next.header, next.message);
  }
}

/**
 * ImageDecoder takes the bytes as they are; a Blob is handed to the browser's main process first, which made a wall of 64 cost
 * 1.4 times as much. Browsers have ImageDecoder on https and on localhost only.
 */
async function bitmapOf(jpeg: Uint8Array<ArrayBuffer>): Promise<ImageBitmap> {
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
