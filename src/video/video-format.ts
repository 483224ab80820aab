import type { VideoCodec } from '../shared/worker-protocol.js';

export type { VideoCodec };

/** `matrix_coefficients` of the VUI (H.273, table 4) in the names that this service tells apart. */
export type ColourMatrix = 'bt601' | 'bt709' | 'bt2020' | 'rgb' | 'other' | 'unspecified';

export type ChromaFormat = '4:0:0' | '4:2:0' | '4:2:2' | '4:4:4' | 'other';

/** Width to height of one sample; 1:1 if the stream does not say. */
export interface SampleAspect {
  readonly width: number;
  readonly height: number;
}

/** What the parameter sets (SPS, VOL header, JPEG frame header) say of the pictures. */
export interface VideoFormat {
  readonly codec: VideoCodec;
  /** Of the picture that is shown, after cropping; 1 to MAX_DIMENSION. */
  readonly width: number;
  readonly height: number;
  /** RFC 6381 (`avc1.4d401e`, `hvc1.1.6.L93.B0`, `mp4v.20.1`); `mjpg` for JPEG. */
  readonly codecString: string;
  /** Samples use 0 to 255 (JPEG, `video_full_range_flag`), not 16 to 235. */
  readonly fullRange: boolean;
  readonly matrix: ColourMatrix;
  readonly sampleAspect: SampleAspect;
  /** Bits a luma sample: 8 to 16. */
  readonly bitDepth: number;
  readonly chroma: ChromaFormat;
  /** Pictures may be coded as fields. */
  readonly interlaced: boolean;
  /** As they stand in front of units with random access: Annex B, or the VOL header; empty for JPEG. */
  readonly parameterSets: Uint8Array<ArrayBuffer>;
}

/** Samples in a picture's width or height, at most: H.264 level 6.2 ends below it, no camera comes near. */
export const MAX_DIMENSION = 16_384;

/** Why bytes do not describe a picture: `truncated` (they end too early), `invalid` (a value that no stream may have),
 *  `too_large` (beyond MAX_DIMENSION), `unsupported` (allowed, but no decoder here takes it). */
export type FormatFault = 'truncated' | 'invalid' | 'too_large' | 'unsupported';

/** Parameter sets that cannot be used. */
export class FormatError extends Error {
  override readonly name = 'FormatError';
  constructor(
    readonly fault: FormatFault,
    /** What is wrong, in the standard's names. */
    readonly what: string,
  ) {
    super(`${what}: ${fault}`);
  }
}
