import { JPEG, jpegSegments } from '../../video/jpeg.js';
import { HUFFMAN_TABLES } from './jpeg-tables.js';

/** What a JPEG file's headers are made from. */
export interface JpegHeaderFields {
  /** RFC 2435 type without the restart bit: 0 is 4:2:2, 1 is 4:2:0. */
  readonly type: number;
  /** 0 if not known: then the extension must have a frame header. */
  readonly width: number;
  readonly height: number;
  /** MCUs between restart markers, 0 for none. */
  readonly restartInterval: number;
  /** One table after the other, 64 or 128 bytes each; empty if the extension has them. */
  readonly tables: Uint8Array;
  /** Bit i is set where table i has 16-bit values. */
  readonly precision: number;
  /** Segments of the ONVIF extension: they win over what is made here. Empty if there is none. */
  readonly extension: Uint8Array;
}

/** JFIF 1.02 without a density: browsers and FFmpeg then know that it is YCbCr. */
const JFIF = [0x4a, 0x46, 0x49, 0x46, 0, 1, 2, 0, 0, 1, 0, 1, 0, 0];

const segment = (code: number, content: Iterable<number>): number[] => {
  const bytes = [...content];
  return [0xff, code, (bytes.length + 2) >> 8, (bytes.length + 2) & 0xff, ...bytes];
};

const word = (value: number): number[] => [(value >> 8) & 0xff, value & 0xff];

/** Everything in front of the entropy-coded data. `null` if size or tables are missing. */
export function writeJpegHeader(fields: JpegHeaderFields): Uint8Array | null {
  const given = new Set<number>();
  const extension: number[] = [];
  let scan: number[] | null = null;
  let components = 3;
  for (const { code, from, body, to } of jpegSegments(fields.extension, 0)) {
    // The extension's payload may repeat the SOI that its header stands for.
    if (code === JPEG.startOfImage || code === JPEG.endOfImage) continue;
    given.add(code);
    const bytes = fields.extension.subarray(from, to);
    if (code === JPEG.startOfFrame) components = fields.extension[body + 5] ?? 3;
    if (code === JPEG.startOfScan) scan = [...bytes];
    else extension.push(...bytes);
  }
  const hasFrame = given.has(JPEG.startOfFrame);
  const hasTables = given.has(JPEG.quantizationTables);
  if (!hasFrame && (fields.width === 0 || fields.height === 0)) return null;
  if (!hasTables && fields.tables.length === 0) return null;
  return Uint8Array.from([
    ...[0xff, JPEG.startOfImage],
    ...(given.has(JPEG.firstApplication) ? [] : segment(JPEG.firstApplication, JFIF)),
    ...(fields.tables.length === 0 ? [] : segment(JPEG.quantizationTables, tableContent(fields))),
    ...segment(JPEG.huffmanTables, HUFFMAN_TABLES),
    ...extension,
    ...(given.has(JPEG.restartInterval) || fields.restartInterval === 0
      ? []
      : segment(JPEG.restartInterval, word(fields.restartInterval))),
    ...(hasFrame ? [] : segment(JPEG.startOfFrame, frameContent(fields, tableCount(fields)))),
    ...(scan ?? segment(JPEG.startOfScan, scanContent(components))),
  ]);
}

/** Tables in the field, of which RFC 2435 uses two: some cameras send one for each component. */
function tableCount({ tables, precision }: JpegHeaderFields): number {
  let count = 0;
  for (let at = 0; at < tables.length && count < 4; count += 1) at += (precision >> count) & 1 ? 128 : 64;
  return count;
}

function tableContent({ tables, precision }: JpegHeaderFields): number[] {
  const content: number[] = [];
  let at = 0;
  for (let table = 0; table < 2 && at < tables.length; table += 1) {
    const wide = (precision >> table) & 1;
    const bytes = wide === 1 ? 128 : 64;
    content.push((wide << 4) | table, ...tables.subarray(at, at + bytes));
    at += bytes;
  }
  return content;
}

/** SOF0 (RFC 2435, 4.1 and appendix B): three components, chroma with the second table if there is one. */
function frameContent({ type, width, height }: JpegHeaderFields, tables: number): number[] {
  const sampling = type === 0 ? 0x21 : 0x22;
  const chromaTable = tables > 1 ? 1 : 0;
  const components = [1, sampling, 0, 2, 0x11, chromaTable, 3, 0x11, chromaTable];
  return [8, ...word(height), ...word(width), 3, ...components];
}

/** SOS: one component takes the luma tables alone. */
function scanContent(components: number): number[] {
  const tables = components === 1 ? [1, 0x00] : [1, 0x00, 2, 0x11, 3, 0x11];
  return [tables.length / 2, ...tables, 0, 63, 0];
}
