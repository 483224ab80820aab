import type { VideoCodec } from '../video/video-format.js';
import { sniffCodec } from './payloads/codec-sniffer.js';
import { createDepayloader } from './payloads/create-depayloader.js';
import type { Depayloader } from './payloads/depayloader.js';
import { MediaClock } from './media-clock.js';
import { PacketOrder, type ReorderWindow } from './packet-order.js';
import { ProblemLog } from './problem-log.js';
import { Reception } from './reception.js';
import { parseRtcp, writeReport, type SenderReport } from './rtcp.js';
import { copyOf, emptyPacket, parseRtpPacket, type RtpPacket } from './rtp-packet.js';
import type { RtpSink, RtpStatistics } from './rtp-sink.js';
import { SourceFilter } from './source-filter.js';
import type { RtpTrack } from './track.js';

export interface RtpReceiverOptions {
  readonly track: RtpTrack;
  readonly sink: RtpSink;
  /** UDP_REORDER_WINDOW, or `null` over TCP. */
  readonly reorder: ReorderWindow | null;
  /** Hands over damaged units, flagged, where the codec conceals them (not JPEG). Default: leaves them out. */
  readonly keepDamaged?: boolean;
  /** SSRC of the reports that go back, a random 32-bit number. */
  readonly ownSsrc: number;
  /** SDES CNAME of the reports, 1 to 255 bytes. Nothing that tells who we are: RFC 7022 wants it random. */
  readonly cname: string;
}

/** Without a unit after that many packets, the stream is told to be of no use. A 4K key picture has some hundred. */
export const MAX_PACKETS_WITHOUT_UNIT = 2_000;
/** With that many senseless packets, half of all or more, it is another codec than the SDP says. */
const SENSELESS_PACKETS = 150;
/** From so many senseless packets on, they are looked at for another codec's parameter sets. */
const SNIFF_AFTER: Readonly<Record<VideoCodec, number>> = { h264: 1, h265: 1, jpeg: 3, mpeg4: 3 };
/** So many packets of another payload type, and none of the right one, are told. */
const FOREIGN_PACKETS = 50;

/**
 * One video track: RTP and RTCP packets in, access units out. No I/O and no clock: all times are handed in (Unix epoch,
 * ms with fraction). Nothing that packets hold makes it throw, and its memory is bounded.
 */
export class RtpReceiver {
  readonly #counts = {
    packets: 0,
    bytes: 0,
    lost: 0,
    reordered: 0,
    duplicates: 0,
    foreign: 0,
    units: 0,
    damagedUnits: 0,
    dependentUnits: 0,
    unreadableUnits: 0,
    keylessUnits: 0,
    restarts: 0,
  };
  readonly #problems: ProblemLog;
  readonly #arrived = emptyPacket();
  readonly #ordered = emptyPacket();
  readonly #source: SourceFilter;
  readonly #order: PacketOrder;
  readonly #reception: Reception;
  readonly #clock: MediaClock;
  readonly #countRestart = (): void => {
    this.#counts.restarts += 1;
  };
  #codec: VideoCodec;
  #depayloader: Depayloader;
  #candidate: { readonly data: Uint8Array; readonly arrivedAt: number } | null = null;
  /** The packet to come is the first of a source, or of new sequence numbers. */
  #anew = false;
  #senderReport: (SenderReport & { readonly arrivedAt: number; readonly mediaTimeMs: number | null }) | null =
    null;

  constructor(private readonly options: RtpReceiverOptions) {
    const { track, sink, reorder } = options;
    this.#problems = new ProblemLog(sink);
    this.#source = new SourceFilter(reorder === null);
    this.#order = new PacketOrder(reorder, this.#counts, (data, arrivedAt, lost) =>
      this.#inOrder(data, arrivedAt, lost),
    );
    this.#reception = new Reception(track.clockRate);
    this.#clock = new MediaClock(track.clockRate);
    this.#codec = track.codec;
    this.#depayloader = this.#create(track.codec);
  }

  /** Takes one RTP packet. Its memory may be used again after the call. */
  receive(data: Uint8Array, arrivedAt: number): void {
    const packet = this.#arrived;
    if (!parseRtpPacket(data, packet)) {
      this.#counts.foreign += 1;
      return;
    }
    if (packet.payloadType !== this.options.track.payloadType) {
      this.#foreign(packet.payloadType);
      return;
    }
    switch (this.#source.judge(packet.ssrc, packet.sequence)) {
      case 'same':
        break;
      case 'candidate':
        this.#counts.foreign += 1;
        this.#candidate = { data: copyOf(data), arrivedAt };
        return;
      case 'takes_over':
        this.#startSource();
        this.#takeCandidate();
        break;
      case 'new':
        this.#startSource();
        break;
    }
    this.#accept(data, packet, arrivedAt);
  }

  /** Takes one RTCP packet (compound or not). Its memory may be used again after the call. */
  receiveRtcp(data: Uint8Array, arrivedAt: number): void {
    const content = parseRtcp(data);
    if (content === null) return;
    const { senderReport, bye } = content;
    if (senderReport?.ssrc === this.#source.ssrc) {
      const mediaTimeMs = this.#clock.at(senderReport.rtpTimestamp);
      this.#senderReport = { ...senderReport, arrivedAt, mediaTimeMs };
    }
    if (bye.includes(this.#source.ssrc)) this.options.sink.bye();
  }

  /** When `tick` is wanted next (Unix epoch, ms); Infinity for not at all. Changes with every call. */
  get deadline(): number {
    return this.#order.waiting ? this.#order.deadline : this.#depayloader.assembler.deadline;
  }

  /** Hands over what waited in vain for other packets. To be called at `deadline`, or more often. */
  tick(now: number): void {
    this.#order.tick(now);
    if (!this.#order.waiting) this.#depayloader.assembler.tick(now);
  }

  /** Receiver report and SDES, to be sent every 5 s or so (RFC 3550, 6.2); `null` before the first packet. */
  report(now: number): Uint8Array | null {
    return this.#report(now, false);
  }

  /** The stream ends: a report with BYE, to be sent before TEARDOWN; `null` if there was no packet. */
  goodbye(now: number): Uint8Array | null {
    return this.#report(now, true);
  }

  /** The camera's wall clock at this media time (Unix epoch, ms) by its last sender report; `null` without one. */
  senderTime(mediaTimeMs: number): number | null {
    const report = this.#senderReport;
    if (report === null || report.mediaTimeMs === null) return null;
    return report.wallTimeMs + mediaTimeMs - report.mediaTimeMs;
  }

  get statistics(): RtpStatistics {
    return this.#counts;
  }

  #accept(data: Uint8Array, packet: RtpPacket, arrivedAt: number): void {
    this.#counts.packets += 1;
    this.#counts.bytes += packet.end - packet.start;
    this.#reception.count(packet.sequence, packet.timestamp, arrivedAt);
    this.#order.push(packet.sequence, data, arrivedAt);
  }

  #startSource(): void {
    if (this.#counts.packets === 0) return;
    this.#counts.restarts += 1;
    this.#order.reset();
    this.#reception.reset();
    this.#clock.restart();
    this.#senderReport = null;
    this.#anew = true;
  }

  #takeCandidate(): void {
    const candidate = this.#candidate;
    this.#candidate = null;
    if (candidate === null || !parseRtpPacket(candidate.data, this.#ordered)) return;
    this.#counts.foreign -= 1;
    this.#accept(candidate.data, this.#ordered, candidate.arrivedAt);
  }

  #inOrder(data: Uint8Array, arrivedAt: number, lost: number): void {
    const packet = this.#ordered;
    if (!parseRtpPacket(data, packet)) return;
    if (lost < 0) this.#reception.reset();
    if (lost < 0) this.#reception.count(packet.sequence, packet.timestamp, arrivedAt);
    const missing = this.#anew ? -1 : lost;
    this.#anew = false;
    const mediaTimeMs = this.#clock.mediaTime(packet.timestamp, arrivedAt, this.#countRestart);
    this.#depayloader.packet(packet, mediaTimeMs, arrivedAt, missing);
    if (this.#counts.units === 0) this.#doubt(packet, arrivedAt);
  }

  /** No unit came yet: is it another codec, or nothing at all? */
  #doubt(packet: RtpPacket, arrivedAt: number): void {
    const { packets } = this.#counts;
    const { implausible } = this.#depayloader;
    const declared = this.options.track.codec;
    if (this.#codec === declared && implausible >= SNIFF_AFTER[declared]) {
      const found = sniffCodec(packet.data, packet.start, packet.end);
      if (found !== null && found !== declared) {
        this.#problems.problem({ kind: 'wrong_codec', declared, found });
        this.#codec = found;
        this.#depayloader = this.#create(found);
        this.#depayloader.packet(packet, this.#clock.at(packet.timestamp) ?? 0, arrivedAt, 0);
        return;
      }
      if (implausible >= SENSELESS_PACKETS && implausible * 2 >= packets) {
        this.#problems.problem({ kind: 'wrong_codec', declared, found: null });
      }
    }
    // Pictures that only lack a key picture before them are no bad data.
    if (packets === MAX_PACKETS_WITHOUT_UNIT && this.#counts.keylessUnits === 0) {
      this.#problems.problem({
        kind: 'bad_data',
        what: 'no picture can be begun: parameter sets or a key picture are missing',
      });
    }
  }

  #foreign(found: number): void {
    this.#counts.foreign += 1;
    const { foreign, packets } = this.#counts;
    if (packets > 0 || foreign < FOREIGN_PACKETS) return;
    this.#problems.problem({ kind: 'wrong_payload_type', expected: this.options.track.payloadType, found });
  }

  #create(codec: VideoCodec): Depayloader {
    const { track, keepDamaged = false } = this.options;
    return createDepayloader(codec, track, this.#problems, this.#counts, keepDamaged);
  }

  #report(now: number, bye: boolean): Uint8Array | null {
    const reception = this.#reception.report();
    if (reception === null) return null;
    const sender = this.#senderReport;
    return writeReport({
      ownSsrc: this.options.ownSsrc,
      cname: this.options.cname,
      source: this.#source.ssrc,
      reception,
      lastSenderReport:
        sender === null ? null : { ntpMiddle: sender.ntpMiddle, agoMs: now - sender.arrivedAt },
      bye,
    });
  }
}
