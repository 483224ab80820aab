import { H265_NAL, h265Type } from '../../video/h265-nal.js';
import type { Depayloader } from './depayloader.js';
import type { Report } from './h264-depayloader.js';
import type { NalPictures } from './nal-pictures.js';
import { NalStream, type NalCounts } from './nal-stream.js';
import { u16, type RtpPacket } from '../rtp-packet.js';
import type { UnitAssembler } from '../unit-assembler.js';

/** Payload header (4.2): as a NAL unit's. */
const HEADER_BYTES = 2;
const ORDER_NUMBER_BYTES = 2;

/**
 * RFC 7798: single NAL unit packets, aggregation packets and fragmentation units. Decoding order numbers are passed over:
 * units are taken in the order of their packets. PACI packets count as lost.
 */
export class H265Depayloader implements Depayloader {
  readonly #counts: NalCounts = { implausible: 0 };
  readonly #nals: NalStream;
  readonly #orderBytes: number;
  #unusable = 0;

  constructor(
    private readonly assembler: UnitAssembler,
    pictures: NalPictures,
    private readonly report: Report,
    hasDecodingOrderNumbers: boolean,
  ) {
    this.#nals = new NalStream(assembler, pictures, this.#counts, (what) => report('too_large', what));
    this.#orderBytes = hasDecodingOrderNumbers ? ORDER_NUMBER_BYTES : 0;
  }

  get implausible(): number {
    return this.#counts.implausible;
  }

  get deadline(): number {
    return this.assembler.deadline;
  }

  tick(now: number): void {
    this.assembler.tick(now);
  }

  packet(packet: RtpPacket, mediaTimeMs: number, arrivedAt: number, lost: number): void {
    const { data, start, end } = packet;
    if (start === end && lost === 0) return;
    const type = h265Type(data[start] ?? 0);
    const body = start + HEADER_BYTES;
    if (type === H265_NAL.paci || (type === H265_NAL.fragment && end - body < 1)) {
      this.#skip(type === H265_NAL.paci ? 'H.265 PACI' : 'short H.265 FU', lost);
      return;
    }
    const missing = lost < 0 ? -1 : lost + this.#unusable;
    this.#unusable = 0;
    const continues = type === H265_NAL.fragment && ((data[body] ?? 0) & 0x80) === 0;
    this.#nals.packet(packet.timestamp, mediaTimeMs, arrivedAt, missing, continues);
    if (type === H265_NAL.fragment) this.#fragment(data, start, end);
    else if (type === H265_NAL.aggregation) this.#aggregate(data, body, end);
    else this.#single(data, start, end);
    this.#nals.packetEnd(packet.marker);
  }

  #skip(what: string, lost: number): void {
    this.#counts.implausible += 1;
    this.#unusable += 1 + (lost < 0 ? 0x10000 : lost);
    this.report('unsupported_packets', what);
  }

  /** 4.4.1: the payload header is the NAL unit's; a DONL may stand between it and the rest. */
  #single(data: Uint8Array, start: number, end: number): void {
    if (this.#orderBytes === 0) {
      this.#nals.whole(data, start, end);
      return;
    }
    const [header = 0, second = 0] = [data[start], data[start + 1]];
    const body = Math.min(end, start + HEADER_BYTES + this.#orderBytes);
    this.#nals.fragment(data, body, end, { header, second, first: true, last: true });
  }

  /** 4.4.2 */
  #aggregate(data: Uint8Array, start: number, end: number): void {
    // DONL before the first, DOND (one byte) before the others.
    let at = start + this.#orderBytes;
    while (at + 2 <= end) {
      const size = u16(data, at);
      if (at + 2 + size > end) {
        this.#counts.implausible += 1;
        this.assembler.damage();
        return;
      }
      this.#nals.whole(data, at + 2, at + 2 + size);
      at += 2 + size + this.#orderBytes / 2;
    }
  }

  /** 4.4.3 */
  #fragment(data: Uint8Array, start: number, end: number): void {
    const fu = data[start + HEADER_BYTES] ?? 0;
    const first = (fu & 0x80) !== 0;
    const body = start + HEADER_BYTES + 1 + (first ? this.#orderBytes : 0);
    this.#nals.fragment(data, Math.min(body, end), end, {
      header: ((data[start] ?? 0) & 0x81) | ((fu & 0x3f) << 1),
      second: data[start + 1] ?? 0,
      first,
      last: (fu & 0x40) !== 0,
    });
  }
}
