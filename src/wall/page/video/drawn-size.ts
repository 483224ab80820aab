/** In what size a picture of video is drawn. Pure; pixels. */

export interface Size {
  readonly width: number;
  readonly height: number;
}

/** One side alone keeps the aspect. */
export interface WantedSize {
  readonly width?: number | undefined;
  readonly height?: number | undefined;
}

/** A picture that is hardly larger than its tile is left as it is: scaling costs more than it saves. */
const HARDLY_LARGER = 0.75;

/** Pixels of a side, whatever a stream says of its samples' shape: the largest picture that is sent has 7680. */
const MOST_PIXELS = 8192;

/**
 * Video comes in the camera's own size. A small tile's canvas is made smaller than that: it takes less memory, and a browser without
 * graphics hardware puts the page together from all pixels of its canvases, 60 times a second.
 * @param shown size of the whole picture as it is to be seen
 * @param wanted what the tile asks for as JPEG: at least the pixels that it has on the screen
 * @returns never larger than `shown`, and of its aspect up to 8192 pixels a side
 */
export function drawnSize(shown: Size, wanted: WantedSize): Size {
  const { width = 0, height = 0 } = wanted;
  const scale = Math.max(width / shown.width, height / shown.height);
  const isBounded = Math.max(shown.width, shown.height) <= MOST_PIXELS;
  if (scale === 0 || scale > HARDLY_LARGER) return isBounded ? shown : sized(shown, 1);
  return sized(shown, scale);
}

const sized = ({ width, height }: Size, scale: number): Size => ({
  width: scaled(width, scale),
  height: scaled(height, scale),
});

const scaled = (pixels: number, scale: number): number =>
  Math.min(MOST_PIXELS, Math.max(1, Math.round(pixels * scale)));
