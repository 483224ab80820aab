import { BitReader } from './bit-reader.js';
import { readColour, UNSPECIFIED_COLOUR, type Colour } from './colour.js';
import { FormatError, MAX_DIMENSION, type ChromaFormat, type VideoFormat } from './video-format.js';

/** A sequence parameter set (H.264, 7.3.2.1.1) as far as packets and formats need it. */
export interface H264Sps extends Colour {
  /** 0 to 31. */
  readonly id: number;
  readonly profile: number;
  readonly constraints: number;
  readonly level: number;
  readonly chromaFormat: number;
  readonly separatePlanes: boolean;
  readonly bitDepth: number;
  /** 4 to 16. */
  readonly frameNumBits: number;
  /** Numbers may be left out on purpose: a gap then says nothing about lost pictures. */
  readonly frameNumGaps: boolean;
  readonly framesOnly: boolean;
  readonly width: number;
  readonly height: number;
}

/** Profiles whose SPS carries chroma_format_idc and what follows it (7.3.2.1.1). */
const HIGH_PROFILES: ReadonlySet<number> = new Set([
  100, 110, 122, 244, 44, 83, 86, 118, 128, 138, 139, 134, 135,
]);
const MACROBLOCK = 16;
const MAX_REF_FRAMES = 16;
const MAX_CYCLE = 255;

/** Reads an SPS with its NAL unit header, without start code. Throws FormatError. */
export function parseH264Sps(nal: Uint8Array): H264Sps {
  const reader = new BitReader().reset(nal, 1, nal.length, true);
  const profile = reader.bits(8);
  const constraints = reader.bits(8);
  const level = reader.bits(8);
  const id = atMost(reader.unsignedGolomb(), 31, 'seq_parameter_set_id');
  const samples = HIGH_PROFILES.has(profile)
    ? readSamples(reader)
    : { chromaFormat: 1, separatePlanes: false, bitDepth: 8 };
  const frameNumBits = 4 + atMost(reader.unsignedGolomb(), 12, 'log2_max_frame_num_minus4');
  skipPictureOrder(reader);
  atMost(reader.unsignedGolomb(), MAX_REF_FRAMES, 'max_num_ref_frames');
  const frameNumGaps = reader.flag();
  const size = readSize(reader, samples.separatePlanes ? 0 : samples.chromaFormat);
  if (reader.ranOut()) throw new FormatError('truncated', 'H.264 SPS');
  const colour = reader.flag() ? readColour(reader) : UNSPECIFIED_COLOUR;
  return {
    id,
    profile,
    constraints,
    level,
    ...samples,
    frameNumBits,
    frameNumGaps,
    ...size,
    // Some cameras cut the VUI off; what went before it holds.
    ...(reader.ranOut() ? UNSPECIFIED_COLOUR : colour),
  };
}

function readSamples(reader: BitReader): Pick<H264Sps, 'chromaFormat' | 'separatePlanes' | 'bitDepth'> {
  const chromaFormat = atMost(reader.unsignedGolomb(), 3, 'chroma_format_idc');
  const separatePlanes = chromaFormat === 3 && reader.flag();
  const luma = 8 + atMost(reader.unsignedGolomb(), 6, 'bit_depth_luma_minus8');
  const chroma = 8 + atMost(reader.unsignedGolomb(), 6, 'bit_depth_chroma_minus8');
  reader.skip(1); // qpprime_y_zero_transform_bypass_flag
  if (reader.flag()) {
    const lists = chromaFormat === 3 ? 12 : 8;
    for (let list = 0; list < lists; list += 1)
      if (reader.flag()) skipScalingList(reader, list < 6 ? 16 : 64);
  }
  return { chromaFormat, separatePlanes, bitDepth: Math.max(luma, chroma) };
}

/** 7.3.2.1.1.1 */
function skipScalingList(reader: BitReader, size: number): void {
  let last = 8;
  for (let index = 0; index < size; index += 1) {
    const next = (last + reader.signedGolomb() + 256) % 256;
    if (next === 0) return;
    last = next;
  }
}

function skipPictureOrder(reader: BitReader): void {
  const type = atMost(reader.unsignedGolomb(), 2, 'pic_order_cnt_type');
  if (type === 0) atMost(reader.unsignedGolomb(), 12, 'log2_max_pic_order_cnt_lsb_minus4');
  if (type !== 1) return;
  reader.skip(1); // delta_pic_order_always_zero_flag
  reader.signedGolomb();
  reader.signedGolomb();
  const cycle = atMost(reader.unsignedGolomb(), MAX_CYCLE, 'num_ref_frames_in_pic_order_cnt_cycle');
  for (let index = 0; index < cycle; index += 1) reader.signedGolomb();
}

function readSize(reader: BitReader, chromaFormat: number): Pick<H264Sps, 'framesOnly' | 'width' | 'height'> {
  const columns = reader.unsignedGolomb() + 1;
  const rows = reader.unsignedGolomb() + 1;
  const framesOnly = reader.flag();
  const fields = framesOnly ? 1 : 2;
  if (!framesOnly) reader.skip(1); // mb_adaptive_frame_field_flag
  reader.skip(1); // direct_8x8_inference_flag
  const codedWidth = columns * MACROBLOCK;
  const codedHeight = rows * MACROBLOCK * fields;
  if (Math.max(codedWidth, codedHeight) > MAX_DIMENSION)
    throw new FormatError('too_large', 'H.264 picture size');
  if (!reader.flag()) return { framesOnly, width: codedWidth, height: codedHeight };
  const unitX = chromaFormat === 1 || chromaFormat === 2 ? 2 : 1;
  const unitY = (chromaFormat === 1 ? 2 : 1) * fields;
  const width = codedWidth - unitX * (reader.unsignedGolomb() + reader.unsignedGolomb());
  const height = codedHeight - unitY * (reader.unsignedGolomb() + reader.unsignedGolomb());
  if (width < 1 || height < 1) throw new FormatError('invalid', 'H.264 frame cropping');
  return { framesOnly, width, height };
}

function atMost(value: number, limit: number, what: string): number {
  if (value > limit) throw new FormatError('invalid', `H.264 ${what}`);
  return value;
}

const CHROMA: readonly ChromaFormat[] = ['4:0:0', '4:2:0', '4:2:2', '4:4:4'];

const hexByte = (value: number): string => value.toString(16).padStart(2, '0');

/** The format of pictures that use this SPS. */
export function h264Format(sps: H264Sps, parameterSets: Uint8Array<ArrayBuffer>): VideoFormat {
  return {
    codec: 'h264',
    width: sps.width,
    height: sps.height,
    // RFC 6381, 3.3: the three bytes behind the SPS's NAL unit header.
    codecString: `avc1.${hexByte(sps.profile)}${hexByte(sps.constraints)}${hexByte(sps.level)}`,
    fullRange: sps.fullRange,
    matrix: sps.matrix,
    sampleAspect: sps.sampleAspect,
    bitDepth: sps.bitDepth,
    chroma: CHROMA[sps.chromaFormat] ?? 'other',
    interlaced: !sps.framesOnly,
    parameterSets,
  };
}
