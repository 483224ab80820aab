import { jpegSegments } from '../../src/video/jpeg.js';
import type { PacketFields } from './packetise.js';

/** The files of a JPEG stream. */
export function jpegFiles(stream: Uint8Array): Uint8Array[] {
  const starts: number[] = [];
  const bytes = Buffer.from(stream);
  for (let at = bytes.indexOf('ffd8ff', 0, 'hex'); at >= 0; at = bytes.indexOf('ffd8ff', at + 1, 'hex'))
    starts.push(at);
  return starts.map((from, index) => bytes.subarray(from, starts[index + 1] ?? bytes.length));
}

/** What a JPEG file is made of, as RFC 2435 wants it. */
export interface JpegParts {
  readonly width: number;
  readonly height: number;
  /** 0: 4:2:2, 1: 4:2:0 */
  readonly type: number;
  /** Quantization tables one after the other, in zigzag order. */
  readonly tables: Buffer;
  readonly restartInterval: number;
  /** Entropy-coded data without EOI. */
  readonly scan: Buffer;
  /** Header segments as they stand in the file, without SOI and SOS. */
  readonly segments: readonly Buffer[];
  readonly scanHeader: Buffer;
}

export function jpegParts(file: Uint8Array): JpegParts {
  const bytes = Buffer.from(file);
  const tables: Buffer[] = [];
  const segments: Buffer[] = [];
  const found = { width: 0, height: 0, type: 1, restartInterval: 0 };
  let scanFrom = 0;
  let scanHeader = Buffer.alloc(0);
  for (const { code, from, body, to } of jpegSegments(file, 0)) {
    if (code === 0xda) [scanFrom, scanHeader] = [to, bytes.subarray(from, to)];
    else if (code !== 0xd8) segments.push(bytes.subarray(from, to));
    if (code === 0xdb) for (let at = body; at < to; at += 65) tables.push(bytes.subarray(at + 1, at + 65));
    if (code === 0xdd) found.restartInterval = bytes.readUInt16BE(body);
    if (code === 0xc0) {
      found.height = bytes.readUInt16BE(body + 1);
      found.width = bytes.readUInt16BE(body + 3);
      found.type = bytes[body + 7] === 0x22 ? 1 : 0;
    }
  }
  const end = bytes.lastIndexOf('ffd9', undefined, 'hex');
  return {
    ...found,
    tables: Buffer.concat(tables),
    scan: bytes.subarray(scanFrom, end),
    segments,
    scanHeader,
  };
}

export interface JpegPacketising {
  readonly mtu: number;
  /** Default 255: tables in each picture. */
  readonly q?: number;
  /** Sends tables; default true where q is 128 or more. */
  readonly withTables?: boolean;
  /** Overrides the size bytes. */
  readonly blocks?: readonly [number, number];
}

/** RFC 2435 payloads of one file, the marker on the last. */
export function packetiseJpeg(file: Uint8Array, timestamp: number, how: JpegPacketising): PacketFields[] {
  const { width, height, type, tables, restartInterval, scan } = jpegParts(file);
  const {
    mtu,
    q = 255,
    withTables = q >= 128,
    blocks = [Math.ceil(width / 8) & 255, Math.ceil(height / 8) & 255],
  } = how;
  const packets: PacketFields[] = [];
  for (let at = 0; at < scan.length;) {
    const header = Buffer.from([
      0,
      at >> 16,
      (at >> 8) & 255,
      at & 255,
      type + (restartInterval > 0 ? 64 : 0),
      q,
      ...blocks,
    ]);
    // F and L set, all of the count: restart intervals are not aligned to packets (3.1.7).
    const restart = restartInterval > 0 ? [restartInterval >> 8, restartInterval & 255, 0xff, 0xff] : [];
    const length = withTables ? tables.length : 0;
    const tableHeader = at === 0 && q >= 128 ? [0, 0, length >> 8, length & 255] : [];
    const inBand = tableHeader.length > 0 && withTables ? tables : Buffer.alloc(0);
    const headers = Buffer.concat([header, Buffer.from(restart), Buffer.from(tableHeader), inBand]);
    const step = Math.max(1, mtu - headers.length);
    const payload = Buffer.concat([headers, scan.subarray(at, at + step)]);
    at += step;
    packets.push({ payload, timestamp, marker: at >= scan.length });
  }
  return packets;
}
