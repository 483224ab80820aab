import type { BitReader } from './bit-reader.js';
import type { ColourMatrix, SampleAspect } from './video-format.js';

/** What the VUI of H.264 (E.1.1) and H.265 (E.2.1) says of how samples are to be shown: both begin the same. */
export interface Colour {
  readonly fullRange: boolean;
  readonly matrix: ColourMatrix;
  readonly sampleAspect: SampleAspect;
}

export const SQUARE: SampleAspect = { width: 1, height: 1 };

export const UNSPECIFIED_COLOUR: Colour = { fullRange: false, matrix: 'unspecified', sampleAspect: SQUARE };

/** H.264 table E-1, H.265 table E.1, from aspect_ratio_idc 1 on. */
const ASPECTS: readonly (readonly [number, number])[] = [
  [1, 1],
  [12, 11],
  [10, 11],
  [16, 11],
  [40, 33],
  [24, 11],
  [20, 11],
  [32, 11],
  [80, 33],
  [18, 11],
  [15, 11],
  [64, 33],
  [160, 99],
  [4, 3],
  [3, 2],
  [2, 1],
];
const EXTENDED_SAR = 255;

/** H.273, table 4. */
export function matrixOf(coefficients: number): ColourMatrix {
  switch (coefficients) {
    case 0:
      return 'rgb';
    case 1:
      return 'bt709';
    case 2:
      return 'unspecified';
    case 5:
    case 6:
      return 'bt601';
    case 9:
    case 10:
      return 'bt2020';
    default:
      return 'other';
  }
}

/**
 * No camera stretches its samples by more: pictures of half the width, or of half the height, take 2. Shown as a stream can name it,
 * 65535:1, a picture would have a hundred million pixels a line.
 */
const MOST_STRETCHED = 8;

/** A ratio that names a zero, or that no camera has, means nothing: square. */
export const aspectOf = (width: number, height: number): SampleAspect =>
  width > 0 && height > 0 && width <= height * MOST_STRETCHED && height <= width * MOST_STRETCHED
    ? { width, height }
    : SQUARE;

/** The VUI from its begin to `colour_description` included. */
export function readColour(reader: BitReader): Colour {
  let sampleAspect = SQUARE;
  if (reader.flag()) {
    const index = reader.bits(8);
    const [width, height] =
      index === EXTENDED_SAR ? [reader.bits(16), reader.bits(16)] : (ASPECTS[index - 1] ?? [1, 1]);
    sampleAspect = aspectOf(width, height);
  }
  if (reader.flag()) reader.skip(1); // overscan_appropriate_flag
  let fullRange = false;
  let matrix: ColourMatrix = 'unspecified';
  if (reader.flag()) {
    reader.skip(3); // video_format
    fullRange = reader.flag();
    if (reader.flag()) {
      reader.skip(16); // colour_primaries, transfer_characteristics
      matrix = matrixOf(reader.bits(8));
    }
  }
  return { fullRange, matrix, sampleAspect };
}
