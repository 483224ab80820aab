import { H264_NAL, h264Type } from '../../video/h264-nal.js';
import type { Depayloader } from './depayloader.js';
import { NalStream, type NalCounts } from './nal-stream.js';
import type { NalPictures } from './nal-pictures.js';
import { u16, type RtpPacket } from '../rtp-packet.js';
import type { UnitAssembler } from '../unit-assembler.js';

/** Reports what kind of thing is wrong and what. */
export type Report = (kind: 'unsupported_packets' | 'too_large', what: string) => void;

/** STAP-B, MTAP16, MTAP24, FU-B and the two reserved types. */
const UNSUPPORTED: Readonly<Record<number, string>> = {
  25: 'H.264 STAP-B',
  26: 'H.264 MTAP16',
  27: 'H.264 MTAP24',
  29: 'H.264 FU-B',
  30: 'H.264 packet type 30',
  31: 'H.264 packet type 31',
};

/**
 * RFC 6184, packetization modes 0 and 1: single NAL unit packets, STAP-A, FU-A. Packets of mode 2 (interleaved) count as
 * lost: no camera sends them, and where they appear the stream is broken or no H.264.
 */
export class H264Depayloader implements Depayloader {
  readonly #counts: NalCounts = { implausible: 0 };
  readonly #nals: NalStream;
  /** Packets since the last usable one that could not be used. */
  #unusable = 0;

  constructor(
    private readonly assembler: UnitAssembler,
    pictures: NalPictures,
    private readonly report: Report,
  ) {
    this.#nals = new NalStream(assembler, pictures, this.#counts, (what) => report('too_large', what));
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
    // An empty payload keeps a path open; it carries nothing.
    if (start === end && lost === 0) return;
    const type = h264Type(data[start] ?? 0);
    if (UNSUPPORTED[type] !== undefined || (type === H264_NAL.fuA && end - start < 2)) {
      this.#skip(UNSUPPORTED[type] ?? 'short H.264 FU-A', lost);
      return;
    }
    const missing = lost < 0 ? -1 : lost + this.#unusable;
    this.#unusable = 0;
    const continues = type === H264_NAL.fuA && ((data[start + 1] ?? 0) & 0x80) === 0;
    this.#nals.packet(packet.timestamp, mediaTimeMs, arrivedAt, missing, continues);
    if (type === H264_NAL.fuA) this.#fragment(data, start, end);
    else if (type === H264_NAL.stapA) this.#aggregate(data, start + 1, end);
    else this.#nals.whole(data, start, end);
    this.#nals.packetEnd(packet.marker);
  }

  #skip(what: string, lost: number): void {
    this.#counts.implausible += 1;
    this.#unusable += 1 + (lost < 0 ? 0x10000 : lost);
    this.report('unsupported_packets', what);
  }

  /** 5.8: the NAL unit's header is put together from FU indicator and FU header. */
  #fragment(data: Uint8Array, start: number, end: number): void {
    const fu = data[start + 1] ?? 0;
    this.#nals.fragment(data, start + 2, end, {
      header: ((data[start] ?? 0) & 0xe0) | (fu & 0x1f),
      second: -1,
      first: (fu & 0x80) !== 0,
      last: (fu & 0x40) !== 0,
    });
  }

  /** 5.7.1 */
  #aggregate(data: Uint8Array, start: number, end: number): void {
    let at = start;
    while (at + 2 <= end) {
      const size = u16(data, at);
      if (at + 2 + size > end) {
        this.#counts.implausible += 1;
        this.assembler.damage();
        return;
      }
      this.#nals.whole(data, at + 2, at + 2 + size);
      at += 2 + size;
    }
  }
}
