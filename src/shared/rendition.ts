/** One form in which a camera's frames are encoded: output size in pixels and JPEG quality. */
export interface Rendition {
  /** Pixels, even, 16-7680. */
  readonly width: number;
  /** Pixels, even, 16-4320. */
  readonly height: number;
  /** JPEG quality of libjpeg's scale, 1-100. */
  readonly quality: number;
}

/** `640x360q50`: names a rendition in topics, messages and maps. */
export type RenditionKey = `${number}x${number}q${number}`;

/** `640x360`: names a decoder output; renditions of one size share it. */
export type SizeKey = `${number}x${number}`;

export const renditionKey = (r: Rendition): RenditionKey => `${r.width}x${r.height}q${r.quality}`;
export const sizeKey = (r: { width: number; height: number }): SizeKey => `${r.width}x${r.height}`;

/** Bytes of a planar 4:2:0 frame of even `width` and `height`. */
export const yuv420Bytes = (width: number, height: number): number => (width * height * 3) / 2;
