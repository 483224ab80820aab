import { aspectOf, SQUARE } from './colour.js';
import {
  FormatError,
  MAX_DIMENSION,
  type ChromaFormat,
  type SampleAspect,
  type VideoFormat,
} from './video-format.js';

/** Marker codes (ITU-T T.81, table B.1), the byte behind 0xFF. */
export const JPEG = {
  startOfFrame: 0xc0,
  huffmanTables: 0xc4,
  firstRestart: 0xd0,
  lastRestart: 0xd7,
  startOfImage: 0xd8,
  endOfImage: 0xd9,
  startOfScan: 0xda,
  quantizationTables: 0xdb,
  restartInterval: 0xdd,
  firstApplication: 0xe0,
  adobe: 0xee,
  lastApplication: 0xef,
  comment: 0xfe,
} as const;

/** SOF0 to SOF15 without DHT, JPG and DAC, which lie among them. */
const isStartOfFrame = (code: number): boolean =>
  code >= 0xc0 && code <= 0xcf && code !== 0xc4 && code !== 0xc8 && code !== 0xcc;

const u16 = (data: Uint8Array, at: number): number => ((data[at] ?? 0) << 8) | (data[at + 1] ?? 0);

/** One marker segment: `from` is its 0xFF, `body` what follows the length field, `to` the first byte behind it. */
export interface JpegSegment {
  readonly code: number;
  readonly from: number;
  readonly body: number;
  readonly to: number;
}

/**
 * The segments from `from` up to the first SOS or EOI, which is the last that is given. Ends early where the file is cut
 * off or is no JPEG.
 */
export function* jpegSegments(data: Uint8Array, from: number): Generator<JpegSegment, void, undefined> {
  let at = from;
  while (at + 1 < data.length) {
    if (data[at] !== 0xff) return;
    const code = data[at + 1] ?? 0;
    if (code === 0xff) {
      at += 1; // a fill byte
      continue;
    }
    const alone = code === JPEG.endOfImage || (code >= JPEG.firstRestart && code <= JPEG.startOfImage);
    const length = alone ? 0 : u16(data, at + 2);
    const to = at + 2 + length;
    if ((!alone && length < 2) || to > data.length) return;
    yield { code, from: at, body: alone ? to : at + 4, to };
    if (code === JPEG.startOfScan || code === JPEG.endOfImage) return;
    at = to;
  }
}

const NO_SETS = new Uint8Array(0);

/** The format that a JPEG file's headers tell. Throws FormatError. */
export function jpegFormat(data: Uint8Array): VideoFormat {
  let sampleAspect = SQUARE;
  for (const { code, body, to } of jpegSegments(data, 0)) {
    if (code === JPEG.firstApplication) sampleAspect = jfifAspect(data, body, to) ?? sampleAspect;
    if (isStartOfFrame(code)) return frameFormat(data, body, to, sampleAspect);
  }
  throw new FormatError('truncated', 'JPEG frame header');
}

function frameFormat(data: Uint8Array, body: number, to: number, sampleAspect: SampleAspect): VideoFormat {
  const bitDepth = data[body] ?? 0;
  const height = u16(data, body + 1);
  const width = u16(data, body + 3);
  const components = data[body + 5] ?? 0;
  if (body + 6 + components * 3 > to) throw new FormatError('truncated', 'JPEG frame header');
  if (width < 1 || height < 1) throw new FormatError('invalid', 'JPEG picture size');
  if (bitDepth < 8 || bitDepth > 16) throw new FormatError('invalid', 'JPEG sample precision');
  if (Math.max(width, height) > MAX_DIMENSION) throw new FormatError('too_large', 'JPEG picture size');
  return {
    codec: 'jpeg',
    width,
    height,
    codecString: 'mjpg',
    // JFIF: YCbCr by BT.601, all 256 levels.
    fullRange: true,
    matrix: 'bt601',
    sampleAspect,
    bitDepth,
    chroma: chromaOf(data, body + 6, components),
    interlaced: false,
    parameterSets: NO_SETS,
  };
}

/** By the sampling factors of luma against the first chroma component. */
function chromaOf(data: Uint8Array, at: number, components: number): ChromaFormat {
  if (components === 1) return '4:0:0';
  const luma = data[at + 1] ?? 0;
  const chroma = data[at + 4] ?? 0;
  const [across, down] = [(luma >> 4) / (chroma >> 4), (luma & 15) / (chroma & 15)];
  if (components === 3 && down === 2 && across === 2) return '4:2:0';
  if (components === 3 && down === 1 && across === 2) return '4:2:2';
  if (components === 3 && down === 1 && across === 1) return '4:4:4';
  return 'other';
}

/** JFIF: without a unit the densities are the pixel's aspect itself; dots per inch or cm are its inverse. */
function jfifAspect(data: Uint8Array, body: number, to: number): SampleAspect | null {
  if (to - body < 14 || String.fromCharCode(...data.subarray(body, body + 4)) !== 'JFIF') return null;
  const [across, down] = [u16(data, body + 8), u16(data, body + 10)];
  if (across === down) return SQUARE;
  return data[body + 7] === 0 ? aspectOf(across, down) : aspectOf(down, across);
}
