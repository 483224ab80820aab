import type { Depayloader } from './depayloader.js';
import type { Report } from './nal-depayloader.js';
import { holdsPicture, Mpeg4Pictures } from './mpeg4-pictures.js';
import type { RtpPacket } from '../rtp-packet.js';
import type { UnitAssembler } from '../unit-assembler.js';

/**
 * RFC 6416: the elementary stream cut in pieces. A picture's first packet begins with a start code (of a header or of
 * the VOP itself), the others with a resynchronization marker or in the middle of data.
 */
export class Mpeg4Depayloader implements Depayloader {
  /** Packets before the first that begins with a start code. */
  #implausible = 0;
  #begun = false;

  constructor(
    readonly assembler: UnitAssembler,
    private readonly pictures: Mpeg4Pictures,
    private readonly report: Report,
  ) {}

  get implausible(): number {
    return this.#implausible;
  }

  packet(packet: RtpPacket, mediaTimeMs: number, arrivedAt: number, lost: number): void {
    const { data, start, end } = packet;
    if (start === end && lost === 0) return;
    this.assembler.packet(packet.timestamp, mediaTimeMs, arrivedAt, lost, false);
    const begins = Mpeg4Pictures.beginsUnit(data, start, end);
    this.#begun ||= begins;
    if (!this.#begun) this.#implausible += 1;
    const { buffer } = this.assembler;
    const fits = buffer.append(data, start, end);
    if (!begins) this.assembler.goOn();
    else if (!this.assembler.open || this.pictures.hasPicture) this.assembler.begin();
    else this.assembler.restamp();
    if (!fits) {
      this.assembler.damage();
      this.report('too_large', 'access unit');
    }
    // What begins in the middle is of a picture.
    this.pictures.hasPicture ||= !begins || holdsPicture(data, start, end);
    this.assembler.extend();
    this.assembler.packetEnd(packet.marker && this.pictures.hasPicture, true);
  }
}
