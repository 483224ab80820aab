import { type Bounds, FPS, HEIGHT, QUALITY, WIDTH } from '../../shared/rendition.js';
import type { TileRendition } from '../protocol.js';

/**
 * The rendition for a tile of `pixels` device pixels in width. Few steps, so that walls of all sizes share what the
 * service encodes; the middle one is the camera's own setting, which others watch too.
 */
export function renditionFor(pixels: number, main: boolean): TileRendition {
  if (main) return pixels > 1400 ? { width: 1920, height: 1080, main } : { width: 1280, height: 720, main };
  if (pixels > 800) return { width: 1280, height: 720 };
  if (pixels > 330) return {};
  return { width: 320, height: 180 };
}

const within = (value: number, { min, max }: Bounds): number => Math.min(max, Math.max(min, value));

/** A number from an attribute or a program, kept in its range; undefined when it is none. */
function given(value: unknown, round: (value: number) => number, bounds: Bounds): number | undefined {
  if (value === undefined || value === null || value === '') return undefined;
  const number = Number(value);
  return Number.isFinite(number) && number > 0 ? within(round(number), bounds) : undefined;
}

const evenUp = (pixels: number): number => 2 * Math.ceil(pixels / 2);

/**
 * What the service takes, from what a page's author wrote: sides are rounded up to even pixels, all is kept within the service's
 * ranges, and what is no number is left out.
 */
export function validRendition(
  wanted: Readonly<Partial<Record<keyof TileRendition, unknown>>>,
): TileRendition {
  return {
    width: given(wanted.width, evenUp, WIDTH),
    height: given(wanted.height, evenUp, HEIGHT),
    quality: given(wanted.quality, Math.round, QUALITY),
    fps: given(wanted.fps, Number, FPS),
    main: wanted.main === true || undefined,
  };
}
