import type { Depayloader } from './depayloader.js';
import type { Report } from './nal-depayloader.js';
import type { JpegHeaderFields } from './jpeg-header.js';
import type { JpegPictures } from './jpeg-pictures.js';
import { quantizationTables } from './jpeg-tables.js';
import { copyOf, u16, type RtpPacket } from '../rtp-packet.js';
import type { RtpTrack } from '../track.js';
import type { UnitAssembler } from '../unit-assembler.js';

const MAIN_HEADER_BYTES = 8;
const RESTART_HEADER_BYTES = 4;
const TABLE_HEADER_BYTES = 4;
/** Four tables of 16 bits. */
const MAX_TABLE_BYTES = 4 * 128;
/** Header segments of the ONVIF extension in one picture, at most. */
const MAX_EXTENSION_BYTES = 64 * 1024;
/** Types 64 to 127 have a restart marker header. */
const RESTART_BIT = 64;
const FIRST_IN_BAND_Q = 128;
/** Its tables may change with each picture: they are never remembered. */
const CHANGING_Q = 255;
/** ONVIF streaming specification, 5.1.3 (JPEG over RTP): the extension of a picture's first packet, and of the others. */
const ONVIF_FIRST = 0xffd8;
const ONVIF_MORE = 0xffff;

const NOTHING = new Uint8Array(0);
const UNKNOWN_SIZE = { width: 0, height: 0 };
const PIXELS_A_BLOCK = 8;

/**
 * RFC 2435 with the types 0 and 1 and their restart variants 64 and 65, and ONVIF's extension of it. Packets carry no
 * JPEG headers: they are written anew.
 */
export class JpegDepayloader implements Depayloader {
  #implausible = 0;
  /** In-band tables by Q (128 to 254), where a picture leaves them out. */
  readonly #tables = new Map<number, { readonly tables: Uint8Array; readonly precision: number }>();
  #extension: Uint8Array = NOTHING;

  constructor(
    readonly assembler: UnitAssembler,
    private readonly pictures: JpegPictures,
    private readonly report: Report,
    private readonly frameSize: RtpTrack['frameSize'],
  ) {}

  get implausible(): number {
    return this.#implausible;
  }

  packet(packet: RtpPacket, mediaTimeMs: number, arrivedAt: number, lost: number): void {
    const { start, end } = packet;
    if (lost !== 0) this.#extension = NOTHING;
    this.assembler.packet(packet.timestamp, mediaTimeMs, arrivedAt, lost, false);
    this.#takeExtension(packet);
    // The extension alone, or nothing at all.
    if (end - start > MAIN_HEADER_BYTES) this.#data(packet);
    this.assembler.packetEnd(packet.marker, true);
  }

  #data(packet: RtpPacket): void {
    const { data, start, end } = packet;
    const offset = ((data[start + 1] ?? 0) << 16) | u16(data, start + 2);
    let scan = this.#headerEnd(packet);
    if (scan >= 0 && offset === 0) scan = this.#first(packet, scan);
    if (scan >= 0) this.#append(data, scan, end, offset);
    else this.assembler.damage();
  }

  #append(data: Uint8Array, from: number, to: number, offset: number): void {
    const { buffer } = this.assembler;
    // An extension came without data.
    if (from === to) return;
    if (offset > 0) {
      this.assembler.goOn();
      // A gap that the sequence numbers do not show.
      if (offset !== buffer.length) this.assembler.damage();
    }
    if (!buffer.append(data, from, to)) {
      this.assembler.damage();
      this.report('too_large', 'access unit');
    }
    this.assembler.extend();
  }

  /** Begins a picture, if there is data of it; answers where that begins, or -1. */
  #first(packet: RtpPacket, headerEnd: number): number {
    const { data, start, end } = packet;
    const type = data[start + 4] ?? 0;
    const q = data[start + 5] ?? 0;
    const inBand = q >= FIRST_IN_BAND_Q;
    const tableBytes = inBand ? TABLE_HEADER_BYTES + u16(data, headerEnd + 2) : 0;
    const scan = headerEnd + tableBytes;
    if (scan === end) return scan;
    this.assembler.begin();
    this.assembler.extend();
    if (scan > end || tableBytes > TABLE_HEADER_BYTES + MAX_TABLE_BYTES) return this.#refuse('JPEG tables');
    const tables = inBand
      ? this.#inBand(q, data[headerEnd + 1] ?? 0, data.subarray(headerEnd + TABLE_HEADER_BYTES, scan))
      : this.#computed(q);
    if (tables === null) return -1;
    this.pictures.fields = {
      type: type % RESTART_BIT,
      ...this.#size(data[start + 6] ?? 0, data[start + 7] ?? 0),
      restartInterval: type >= RESTART_BIT ? u16(data, start + MAIN_HEADER_BYTES) : 0,
      ...tables,
      extension: this.#extension,
    };
    this.#extension = NOTHING;
    return scan;
  }

  /** Where main and restart header (3.1) end, or -1. */
  #headerEnd({ data, start, end }: RtpPacket): number {
    const type = data[start + 4] ?? 0;
    if (type >= 2 * RESTART_BIT || type % RESTART_BIT > 1) return this.#refuse(`JPEG type ${type}`);
    const at = start + MAIN_HEADER_BYTES + (type >= RESTART_BIT ? RESTART_HEADER_BYTES : 0);
    return at <= end ? at : this.#refuse('short JPEG packet');
  }

  #refuse(what: string): number {
    this.#implausible += 1;
    this.report('unsupported_packets', what);
    return -1;
  }

  /** 3.1.8: of length 0 where the tables of this Q were sent before. */
  #inBand(q: number, precision: number, content: Uint8Array): JpegTables | null {
    if (content.length === 0) {
      const known = this.#tables.get(q);
      if (known === undefined && this.#extension.length === 0) this.#refuse(`JPEG tables of Q ${q}`);
      return known ?? (this.#extension.length === 0 ? null : NO_TABLES);
    }
    const known = this.#tables.get(q);
    if (known?.precision === precision && Buffer.compare(known.tables, content) === 0) return known;
    const tables = { tables: copyOf(content), precision };
    if (q !== CHANGING_Q) this.#tables.set(q, tables);
    return tables;
  }

  #computed(q: number): JpegTables | null {
    // Q of 0: the tables are in the extension.
    if (q === 0 && this.#extension.length > 0) return NO_TABLES;
    if (q === 0 || q > 99) {
      this.#refuse(`JPEG Q ${q}`);
      return null;
    }
    let known = this.#tables.get(q);
    if (known === undefined) {
      known = { tables: quantizationTables(q), precision: 0 };
      this.#tables.set(q, known);
    }
    return known;
  }

  /**
   * The header counts blocks of 8 pixels in one byte. The SDP knows better where both are the same but for rounding, and
   * where the byte ran over: 0, or what is left of a size above 2040.
   */
  #size(blocksAcross: number, blocksDown: number): { readonly width: number; readonly height: number } {
    const size = this.frameSize;
    const fits = (pixels: number, blocks: number): boolean =>
      blocks === 0 || (Math.ceil(pixels / PIXELS_A_BLOCK) & 0xff) === blocks;
    if (size !== undefined && fits(size.width, blocksAcross) && fits(size.height, blocksDown)) return size;
    if (blocksAcross === 0 || blocksDown === 0) return UNKNOWN_SIZE;
    return { width: blocksAcross * PIXELS_A_BLOCK, height: blocksDown * PIXELS_A_BLOCK };
  }

  #takeExtension({ data, extensionProfile, extensionStart, extensionEnd }: RtpPacket): void {
    if (extensionProfile === ONVIF_FIRST)
      this.#extension = copyOf(data.subarray(extensionStart, extensionEnd));
    else if (extensionProfile === ONVIF_MORE && this.#extension.length > 0 && extensionEnd > extensionStart) {
      if (this.#extension.length + extensionEnd - extensionStart > MAX_EXTENSION_BYTES) return;
      this.#extension = Buffer.concat([this.#extension, data.subarray(extensionStart, extensionEnd)]);
    }
  }
}

type JpegTables = Pick<JpegHeaderFields, 'tables' | 'precision'>;
const NO_TABLES: JpegTables = { tables: NOTHING, precision: 0 };
