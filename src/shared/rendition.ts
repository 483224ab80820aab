export interface Bounds {
  readonly min: number;
  readonly max: number;
}

/** What viewers and settings may ask for: pixels (even), libjpeg's quality, frames a second. */
export const WIDTH: Bounds = { min: 16, max: 7680 };
export const HEIGHT: Bounds = { min: 16, max: 4320 };
export const QUALITY: Bounds = { min: 1, max: 100 };
export const FPS: Bounds = { min: 0.1, max: 120 };

/** One form in which a camera's frames are encoded: output size in pixels and JPEG quality. */
export interface Rendition {
  /** Pixels, even, 16-7680; or SOURCE_SIZE. */
  readonly width: number;
  /** Pixels, even, 16-4320; or SOURCE_SIZE. */
  readonly height: number;
  /** JPEG quality of libjpeg's scale, 1-100. */
  readonly quality: number;
}

/** Stands for the camera's own size, which only its worker knows: no other size is 0. */
export const SOURCE_SIZE = { width: 0, height: 0 } as const;

export const isSourceSize = ({ width }: { readonly width: number }): boolean => width === SOURCE_SIZE.width;

/** `640x360q50`: names a rendition in topics, messages and maps. */
export type RenditionKey = `${number}x${number}q${number}`;

/** `640x360`: names a decoder output; renditions of one size share it. */
export type SizeKey = `${number}x${number}`;

export const renditionKey = (r: Rendition): RenditionKey => `${r.width}x${r.height}q${r.quality}`;
const RENDITION_KEY = /^(\d{1,4})x(\d{1,4})q(\d{1,3})$/;

/** The rendition of a key; `null` for what is none, or beyond what may be asked for. */
export function parseRenditionKey(key: string): Rendition | null {
  const [, width = NaN, height = NaN, quality = NaN] = RENDITION_KEY.exec(key)?.map(Number) ?? [];
  const isEven = width % 2 === 0 && height % 2 === 0;
  const isOwn = width === 0 && height === 0;
  const isWithin = (isOwn || (within(width, WIDTH) && within(height, HEIGHT))) && within(quality, QUALITY);
  return isEven && isWithin ? { width, height, quality } : null;
}

const within = (value: number, { min, max }: Bounds): boolean => value >= min && value <= max;

export const sizeKey = (r: { width: number; height: number }): SizeKey => `${r.width}x${r.height}`;

/** Bytes of a planar 4:2:0 frame of even `width` and `height`. */
export const yuv420Bytes = (width: number, height: number): number => (width * height * 3) / 2;

/** JPEG qualities that are encoded, besides a camera's default: few, so that viewers share them. */
export const QUALITY_STEPS: readonly number[] = [20, 35, 50, 65, 80, 90, 100];

/** The step that is nearest to the wanted quality, the lower of two; the default counts as one. */
export const snapQuality = (wanted: number, fallback: number): number =>
  [fallback, ...QUALITY_STEPS].reduce((best, step) => {
    const nearer = Math.abs(step - wanted) - Math.abs(best - wanted);
    return nearer < 0 || (nearer === 0 && step < best) ? step : best;
  });

/** The sides and quality that somebody names; undefined is the default's. */
export interface WantedRendition {
  readonly width: number | undefined;
  readonly height: number | undefined;
  readonly quality: number | undefined;
}

const USUAL_ASPECT = 16 / 9;

/**
 * The rendition that a request asks for: what it leaves out is the default's. One side alone keeps the default's aspect;
 * the other side is then rounded to even pixels and kept within its range.
 */
export function requestedRendition(
  { width, height, quality }: WantedRendition,
  defaults: Rendition,
): Rendition {
  // A default in the camera's own size has no shape that is known here.
  const aspect = isSourceSize(defaults) ? USUAL_ASPECT : defaults.width / defaults.height;
  return {
    width: width ?? (height === undefined ? defaults.width : evenWithin(height * aspect, WIDTH)),
    height: height ?? (width === undefined ? defaults.height : evenWithin(width / aspect, HEIGHT)),
    quality: quality ?? defaults.quality,
  };
}

const evenWithin = (pixels: number, { min, max }: Bounds): number =>
  Math.min(max, Math.max(min, 2 * Math.round(pixels / 2)));
