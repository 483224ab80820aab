import { BitReader } from './bit-reader.js';
import { readColour, UNSPECIFIED_COLOUR, type Colour } from './colour.js';
import { skipScalingLists, skipShortTermSets } from './h265-sps-lists.js';
import { FormatError, MAX_DIMENSION, type ChromaFormat, type VideoFormat } from './video-format.js';

/** A sequence parameter set (H.265, 7.3.2.2) as far as packets and formats need it. */
export interface H265Sps extends Colour {
  /** 0 to 15. */
  readonly id: number;
  /** RFC 6381 string without the sample entry's name: `1.6.L93.B0`. */
  readonly profileTierLevel: string;
  /** The highest TemporalId: pictures of it that are no references are needed by no other. */
  readonly highestSubLayer: number;
  readonly chromaFormat: number;
  readonly bitDepth: number;
  readonly width: number;
  readonly height: number;
  readonly interlaced: boolean;
}

/** Reads an SPS with its NAL unit header, without start code. Throws FormatError. */
export function parseH265Sps(nal: Uint8Array): H265Sps {
  const reader = new BitReader().reset(nal, 2, nal.length, true);
  reader.skip(4); // sps_video_parameter_set_id
  const highestSubLayer = atMost(reader.bits(3), 6, 'sps_max_sub_layers_minus1');
  reader.skip(1); // sps_temporal_id_nesting_flag
  const profile = readProfileTierLevel(reader, highestSubLayer);
  const id = atMost(reader.unsignedGolomb(), 15, 'sps_seq_parameter_set_id');
  const size = readSize(reader);
  const luma = 8 + atMost(reader.unsignedGolomb(), 8, 'bit_depth_luma_minus8');
  const chroma = 8 + atMost(reader.unsignedGolomb(), 8, 'bit_depth_chroma_minus8');
  const orderBits = 4 + atMost(reader.unsignedGolomb(), 12, 'log2_max_pic_order_cnt_lsb_minus4');
  const layersWithOrder = reader.flag() ? highestSubLayer + 1 : 1;
  for (let value = 0; value < layersWithOrder * 3; value += 1) reader.unsignedGolomb();
  skipCodingTools(reader, orderBits);
  if (reader.ranOut()) throw new FormatError('truncated', 'H.265 SPS');
  const vui = reader.flag() ? readVui(reader) : { colour: UNSPECIFIED_COLOUR, fields: false };
  return {
    id,
    profileTierLevel: profile.text,
    highestSubLayer,
    ...size,
    bitDepth: Math.max(luma, chroma),
    interlaced: vui.fields || profile.interlaced,
    ...(reader.ranOut() ? UNSPECIFIED_COLOUR : vui.colour),
  };
}

/** 7.3.3, and its text by ISO/IEC 14496-15, annex E.3. */
function readProfileTierLevel(reader: BitReader, subLayers: number): { text: string; interlaced: boolean } {
  const space = ['', 'A', 'B', 'C'][reader.bits(2)] ?? '';
  const tier = reader.flag() ? 'H' : 'L';
  const profile = reader.bits(5);
  let compatibility = 0;
  for (let flag = 0; flag < 32; flag += 1) compatibility += reader.bit() * 2 ** flag;
  const constraints = [0, 1, 2, 3, 4, 5].map(() => reader.bits(8));
  const level = reader.bits(8);
  skipSubLayers(reader, subLayers);
  // general_progressive_source_flag and general_interlaced_source_flag
  const interlaced = ((constraints[0] ?? 0) & 0xc0) === 0x40;
  while (constraints.at(-1) === 0) constraints.pop();
  const parts = [`${space}${profile}`, compatibility.toString(16), `${tier}${level}`];
  const text = [...parts, ...constraints.map((byte) => byte.toString(16))].join('.').toUpperCase();
  return { text, interlaced };
}

function skipSubLayers(reader: BitReader, subLayers: number): void {
  if (subLayers === 0) return;
  let bits = 0;
  for (let layer = 0; layer < 8; layer += 1) {
    const profile = reader.bit() * 88;
    const level = reader.bit() * 8;
    if (layer < subLayers) bits += profile + level;
  }
  reader.skip(bits);
}

function readSize(reader: BitReader): Pick<H265Sps, 'chromaFormat' | 'width' | 'height'> {
  const chromaFormat = atMost(reader.unsignedGolomb(), 3, 'chroma_format_idc');
  const separatePlanes = chromaFormat === 3 && reader.flag();
  const codedWidth = reader.unsignedGolomb();
  const codedHeight = reader.unsignedGolomb();
  if (Math.max(codedWidth, codedHeight) > MAX_DIMENSION)
    throw new FormatError('too_large', 'H.265 picture size');
  let [width, height] = [codedWidth, codedHeight];
  if (reader.flag()) {
    const subsampled = !separatePlanes && (chromaFormat === 1 || chromaFormat === 2);
    width -= (subsampled ? 2 : 1) * (reader.unsignedGolomb() + reader.unsignedGolomb());
    height -= (chromaFormat === 1 ? 2 : 1) * (reader.unsignedGolomb() + reader.unsignedGolomb());
  }
  if (width < 1 || height < 1) throw new FormatError('invalid', 'H.265 picture size');
  return { chromaFormat, width, height };
}

function skipCodingTools(reader: BitReader, orderBits: number): void {
  // Block sizes (4) and transform hierarchy depths (2).
  for (let value = 0; value < 6; value += 1) reader.unsignedGolomb();
  if (reader.flag() && reader.flag()) skipScalingLists(reader);
  reader.skip(2); // amp_enabled_flag, sample_adaptive_offset_enabled_flag
  if (reader.flag()) {
    reader.skip(8); // PCM sample bit depths
    reader.unsignedGolomb();
    reader.unsignedGolomb();
    reader.skip(1);
  }
  skipShortTermSets(reader, atMost(reader.unsignedGolomb(), 64, 'num_short_term_ref_pic_sets'));
  if (reader.flag()) {
    const longTerm = atMost(reader.unsignedGolomb(), 32, 'num_long_term_ref_pics_sps');
    reader.skip(longTerm * (orderBits + 1));
  }
  reader.skip(2); // sps_temporal_mvp_enabled_flag, strong_intra_smoothing_enabled_flag
}

/** E.2.1 as far as field_seq_flag. */
function readVui(reader: BitReader): { colour: Colour; fields: boolean } {
  const colour = readColour(reader);
  if (reader.flag()) {
    reader.unsignedGolomb();
    reader.unsignedGolomb();
  }
  reader.skip(1); // neutral_chroma_indication_flag
  return { colour, fields: reader.flag() };
}

function atMost(value: number, limit: number, what: string): number {
  if (value > limit) throw new FormatError('invalid', `H.265 ${what}`);
  return value;
}

const CHROMA: readonly ChromaFormat[] = ['4:0:0', '4:2:0', '4:2:2', '4:4:4'];

/** The format of pictures that use this SPS. */
export function h265Format(sps: H265Sps, parameterSets: Uint8Array<ArrayBuffer>): VideoFormat {
  return {
    codec: 'h265',
    width: sps.width,
    height: sps.height,
    codecString: `hvc1.${sps.profileTierLevel}`,
    fullRange: sps.fullRange,
    matrix: sps.matrix,
    sampleAspect: sps.sampleAspect,
    bitDepth: sps.bitDepth,
    chroma: CHROMA[sps.chromaFormat] ?? 'other',
    interlaced: sps.interlaced,
    parameterSets,
  };
}
