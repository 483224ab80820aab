import { findStartCode } from './annex-b.js';
import { BitReader } from './bit-reader.js';
import { aspectOf, matrixOf, SQUARE } from './colour.js';
import { FormatError, type ColourMatrix, type SampleAspect, type VideoFormat } from './video-format.js';

/** Start code values of MPEG-4 Visual (ISO/IEC 14496-2, table 6-3). */
export const MPEG4 = {
  firstLayer: 0x20,
  lastLayer: 0x2f,
  sequence: 0xb0,
  userData: 0xb2,
  group: 0xb3,
  visualObject: 0xb5,
  picture: 0xb6,
} as const;

/** Table 6-12, from aspect_ratio_info 1 on. */
const ASPECTS: readonly (readonly [number, number])[] = [
  [1, 1],
  [12, 11],
  [10, 11],
  [16, 11],
  [40, 33],
];
const EXTENDED_PAR = 15;
const RECTANGULAR = 0;

interface Layer {
  readonly width: number;
  readonly height: number;
  readonly sampleAspect: SampleAspect;
  readonly interlaced: boolean;
}

/** Reads the headers ahead of the first picture (the SDP's `config`). Throws FormatError. */
export function mpeg4Format(config: Uint8Array<ArrayBuffer>): VideoFormat {
  // Simple profile, level 1, where the stream does not say.
  let profile = 1;
  let colour: { fullRange: boolean; matrix: ColourMatrix } = { fullRange: false, matrix: 'unspecified' };
  let layer: Layer | null = null;
  for (let at = findStartCode(config, 0); at >= 0; at = findStartCode(config, at + 3)) {
    const code = config[at + 3] ?? 0;
    const reader = new BitReader().reset(config, at + 4, config.length, false);
    if (code === MPEG4.sequence) profile = reader.bits(8);
    else if (code === MPEG4.visualObject) colour = readSignalType(reader) ?? colour;
    else if (code >= MPEG4.firstLayer && code <= MPEG4.lastLayer) layer = readLayer(reader);
  }
  if (layer === null) throw new FormatError('truncated', 'MPEG-4 VOL header');
  return {
    codec: 'mpeg4',
    ...layer,
    ...colour,
    // RFC 6381, 3.3: object type 20 (hex), then the profile and level in decimal.
    codecString: `mp4v.20.${profile}`,
    bitDepth: 8,
    chroma: '4:2:0',
    parameterSets: config,
  };
}

/** VisualObject and video_signal_type (6.2.2) */
function readSignalType(reader: BitReader): { fullRange: boolean; matrix: ColourMatrix } | null {
  if (reader.flag()) reader.skip(7); // verid, priority
  const type = reader.bits(4);
  if ((type !== 1 && type !== 2) || !reader.flag()) return null;
  reader.skip(3); // video_format
  const fullRange = reader.flag();
  if (!reader.flag()) return { fullRange, matrix: 'unspecified' };
  reader.skip(16); // colour_primaries, transfer_characteristics
  return { fullRange, matrix: matrixOf(reader.bits(8)) };
}

/** VideoObjectLayer (6.2.3) as far as `interlaced`. */
function readLayer(reader: BitReader): Layer {
  reader.skip(9); // random_accessible_vol, video_object_type_indication
  if (reader.flag()) reader.skip(7); // verid, priority
  const index = reader.bits(4);
  const [parWidth, parHeight] =
    index === EXTENDED_PAR ? [reader.bits(8), reader.bits(8)] : (ASPECTS[index - 1] ?? [1, 1]);
  if (reader.flag()) {
    reader.skip(3); // chroma_format, low_delay
    if (reader.flag()) reader.skip(79); // vbv_parameters
  }
  if (reader.bits(2) !== RECTANGULAR) throw new FormatError('unsupported', 'MPEG-4 video_object_layer_shape');
  reader.skip(1);
  const resolution = reader.bits(16);
  reader.skip(1);
  if (resolution === 0) throw new FormatError('invalid', 'MPEG-4 vop_time_increment_resolution');
  if (reader.flag()) reader.skip(timeIncrementBits(resolution)); // fixed_vop_time_increment
  reader.skip(1);
  const width = reader.bits(13);
  reader.skip(1);
  const height = reader.bits(13);
  reader.skip(1);
  const interlaced = reader.flag();
  if (reader.ranOut()) throw new FormatError('truncated', 'MPEG-4 VOL header');
  if (width < 1 || height < 1) throw new FormatError('invalid', 'MPEG-4 picture size');
  return { width, height, interlaced, sampleAspect: index === 0 ? SQUARE : aspectOf(parWidth, parHeight) };
}

/** Bits of a vop_time_increment: as many as resolution - 1 needs, at least one (6.3.3). */
const timeIncrementBits = (resolution: number): number => Math.max(1, 32 - Math.clz32(resolution - 1));
