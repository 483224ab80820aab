import type { RtpPacket } from '../rtp-packet.js';

/** Packets of one payload format in, access units out (to the sink that it was made with). */
export interface Depayloader {
  /**
   * Takes the packets in order. `lost`: packets missing right before this one, -1 for any number (the source began
   * anew).
   */
  packet(packet: RtpPacket, mediaTimeMs: number, arrivedAt: number, lost: number): void;
  /** When `tick` is wanted; Infinity for not at all. */
  readonly deadline: number;
  /** Time alone completes a unit. Only to be called while no packet waits for others. */
  tick(now: number): void;
  /** Packets or NAL units so far that make no sense in this format. */
  readonly implausible: number;
}
