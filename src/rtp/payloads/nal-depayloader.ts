import { u16, type RtpPacket } from '../rtp-packet.js';
import type { UnitAssembler } from '../unit-assembler.js';
import type { Depayloader } from './depayloader.js';
import type { NalPictures } from './nal-pictures.js';
import { type NalCounts, NalStream } from './nal-stream.js';

/** Reports what kind of thing is wrong and what. */
export type Report = (kind: 'unsupported_packets' | 'too_large', what: string) => void;

/** What an RTP payload format for NAL units says of one packet; its payload is `data` from `start` to `end`. */
export interface NalPayloadFormat {
  /** What makes it of no use; `null` for nothing. */
  unusable(data: Uint8Array, start: number, end: number): string | null;
  /** Whether it holds a fragment that is not the first of its NAL unit. */
  continues(data: Uint8Array, start: number): boolean;
  /** Puts its NAL units into the stream. @returns false if a part of it is missing */
  unpack(nals: NalStream, data: Uint8Array, start: number, end: number): boolean;
}

/** NAL units in RTP packets, whatever the codec. Packets that cannot be used count as lost. */
export class NalDepayloader implements Depayloader {
  readonly #counts: NalCounts = { implausible: 0 };
  readonly #nals: NalStream;
  /** Packets since the last usable one that could not be used. */
  #unusable = 0;

  constructor(
    private readonly format: NalPayloadFormat,
    readonly assembler: UnitAssembler,
    pictures: NalPictures,
    private readonly report: Report,
  ) {
    this.#nals = new NalStream(assembler, pictures, this.#counts, (what) => report('too_large', what));
  }

  get implausible(): number {
    return this.#counts.implausible;
  }

  packet(packet: RtpPacket, mediaTimeMs: number, arrivedAt: number, lost: number): void {
    const { data, start, end } = packet;
    // An empty payload keeps a path open; it carries nothing.
    if (start === end && lost === 0) return;
    const problem = this.format.unusable(data, start, end);
    if (problem !== null) {
      this.#counts.implausible += 1;
      this.#unusable += 1 + (lost < 0 ? 0x10000 : lost);
      this.report('unsupported_packets', problem);
      return;
    }
    const missing = lost < 0 ? -1 : lost + this.#unusable;
    this.#unusable = 0;
    const continues = this.format.continues(data, start);
    this.#nals.packet(packet.timestamp, mediaTimeMs, arrivedAt, missing, continues);
    if (!this.format.unpack(this.#nals, data, start, end)) {
      this.#counts.implausible += 1;
      this.assembler.damage();
    }
    this.#nals.packetEnd(packet.marker);
  }
}

/**
 * NAL units one after another, each behind its size in two bytes.
 * @param gap bytes between two of them that mean something else
 * @returns false if the last one is cut off
 */
export function unpackAggregate(
  nals: NalStream,
  data: Uint8Array,
  start: number,
  end: number,
  gap = 0,
): boolean {
  let at = start;
  while (at + 2 <= end) {
    const size = u16(data, at);
    if (at + 2 + size > end) return false;
    nals.whole(data, at + 2, at + 2 + size);
    at += 2 + size + gap;
  }
  return true;
}
