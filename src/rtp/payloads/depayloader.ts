import type { RtpPacket } from '../rtp-packet.js';
import type { UnitAssembler } from '../unit-assembler.js';

/** Packets of one payload format in, access units out (to the sink that it was made with). */
export interface Depayloader {
  /**
   * Takes the packets in order. `lost`: packets missing right before this one, -1 for any number (the source began
   * anew).
   */
  packet(packet: RtpPacket, mediaTimeMs: number, arrivedAt: number, lost: number): void;
  /** Completes its units; also by time alone, while no packet waits for others. */
  readonly assembler: Pick<UnitAssembler, 'deadline' | 'tick'>;
  /** Packets or NAL units so far that make no sense in this format. */
  readonly implausible: number;
}
