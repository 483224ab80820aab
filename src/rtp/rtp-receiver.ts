import type { RtpSink, RtpStatistics } from './rtp-sink.js';
import type { RtpTrack } from './track.js';

/** How long a UDP packet waits for those before it: until `packets` wait, or the first has waited `ms`. */
export interface ReorderWindow {
  /** 1 to 512. */
  readonly packets: number;
  readonly ms: number;
}

/** What networks reorder is some packets within a millisecond or two; a lost packet delays its successors by `ms`. */
export const UDP_REORDER_WINDOW: ReorderWindow = { packets: 64, ms: 20 };

export interface RtpReceiverOptions {
  readonly track: RtpTrack;
  readonly sink: RtpSink;
  /** `null` over TCP. */
  readonly reorder: ReorderWindow | null;
  /** Hands over damaged units, flagged, where the codec conceals them (not JPEG). Default: leaves them out. */
  readonly keepDamaged?: boolean;
  /** SSRC of the reports that go back: any random 32-bit number. */
  readonly ownSsrc: number;
  /** SDES CNAME of the reports, 1 to 255 bytes. Nothing that tells who we are: RFC 7022 wants it random. */
  readonly cname: string;
}

/**
 * One video track: RTP and RTCP packets in, access units out. No I/O and no clock: all times are handed in (Unix epoch,
 * ms with fraction). Nothing that packets hold makes it throw, and its memory is bounded.
 */
export interface RtpReceiver {
  /** Takes one RTP packet. Its memory may be used again after the call. */
  receive(packet: Uint8Array, arrivedAt: number): void;
  /** Takes one RTCP packet (compound or not). Its memory may be used again after the call. */
  receiveRtcp(packet: Uint8Array, arrivedAt: number): void;
  /** When `tick` is wanted next (Unix epoch, ms); Infinity for not at all. Changes with every call. */
  readonly deadline: number;
  /** Hands over what waited in vain for other packets. To be called at `deadline`, or more often. */
  tick(now: number): void;
  /** A compound packet of receiver report and SDES, to be sent every 5 s or so (RFC 3550, 6.2); `null` before the first packet. */
  report(now: number): Uint8Array | null;
  /** The stream ends: a report with BYE, to be sent before TEARDOWN; `null` if there was no packet. */
  goodbye(now: number): Uint8Array | null;
  /** The camera's wall clock at this media time (Unix epoch, ms) by its last sender report; `null` without one. */
  senderTime(mediaTimeMs: number): number | null;
  readonly statistics: RtpStatistics;
}
