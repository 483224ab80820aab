import type { SourceColours } from './source-colours.js';

/** Shares of red and blue in luma: ITU-R BT.601-7, BT.709-6 and BT.2020-2 (non-constant luminance). JPEG files are in the first (JFIF 1.02). */
const LUMA = {
  bt601: { red: 0.299, blue: 0.114 },
  bt709: { red: 0.2126, blue: 0.0722 },
  bt2020: { red: 0.2627, blue: 0.0593 },
} as const;

/** What a sample of each plane adds to a sample of each plane of the JPEG; luma counts from `black`, chroma from 128. */
export interface Gains {
  /** Luma of black in the source, 0-255. */
  readonly black: number;
  readonly luma: number;
  readonly cbToLuma: number;
  readonly crToLuma: number;
  readonly cbToCb: number;
  readonly crToCb: number;
  readonly cbToCr: number;
  readonly crToCr: number;
}

/** Range and matrix in one: from what the source sends to full-range BT.601. Every gain is below 2. */
export function jpegGains({ isFull, matrix }: SourceColours): Gains {
  const from = LUMA[matrix];
  const to = LUMA.bt601;
  const green = { from: 1 - from.red - from.blue, to: 1 - to.red - to.blue };
  // R = Y + red.. * Cr and B = Y + blue.. * Cb give Y'; then Cb' = (B - Y') / blue..', Cr' = (R - Y') / red..'.
  const spread = { red: 2 * (1 - from.red), blue: 2 * (1 - from.blue) };
  const spreadTo = { red: 2 * (1 - to.red), blue: 2 * (1 - to.blue) };
  const cbToLuma = spread.blue * (to.blue - (green.to * from.blue) / green.from);
  const crToLuma = spread.red * (to.red - (green.to * from.red) / green.from);
  const chroma = isFull ? 1 : 255 / 224;
  return {
    black: isFull ? 0 : 16,
    luma: isFull ? 1 : 255 / 219,
    cbToLuma: chroma * cbToLuma,
    crToLuma: chroma * crToLuma,
    cbToCb: (chroma * (spread.blue - cbToLuma)) / spreadTo.blue,
    crToCb: (chroma * -crToLuma) / spreadTo.blue,
    cbToCr: (chroma * -cbToLuma) / spreadTo.red,
    crToCr: (chroma * (spread.red - crToLuma)) / spreadTo.red,
  };
}
