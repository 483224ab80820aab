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
