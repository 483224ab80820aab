import type { ReceptionReport } from './reception.js';
import { u16, u32 } from './rtp-packet.js';

/** Packet types (RFC 3550, 12.1). */
const RTCP = { senderReport: 200, receiverReport: 201, description: 202, bye: 203 } as const;
const CNAME = 1;
/** Seconds from 1900 (NTP) to 1970 (Unix). */
const NTP_TO_UNIX_S = 2_208_988_800;

export interface SenderReport {
  readonly ssrc: number;
  /** The camera's wall clock: Unix epoch, ms with fraction. */
  readonly wallTimeMs: number;
  /** The middle 32 bits of its NTP timestamp, for the answer (LSR). */
  readonly ntpMiddle: number;
  readonly rtpTimestamp: number;
}

export interface RtcpContent {
  readonly senderReport: SenderReport | null;
  /** Sources that said BYE. */
  readonly bye: readonly number[];
}

/** Reads a compound packet as far as it is well-formed; `null` if nothing of it is. */
export function parseRtcp(data: Uint8Array): RtcpContent | null {
  let senderReport: SenderReport | null = null;
  const bye: number[] = [];
  let at = 0;
  while (at + 4 <= data.length) {
    const first = data[at] ?? 0;
    const end = at + 4 + u16(data, at + 2) * 4;
    if (first >> 6 !== 2 || end > data.length) break;
    const type = data[at + 1] ?? 0;
    if (type === RTCP.senderReport && end - at >= 28) senderReport = readSenderReport(data, at);
    if (type === RTCP.bye) {
      for (let source = 0; source < (first & 0x1f) && at + 8 + source * 4 <= end; source += 1) {
        bye.push(u32(data, at + 4 + source * 4));
      }
    }
    at = end;
  }
  return at === 0 ? null : { senderReport, bye };
}

function readSenderReport(data: Uint8Array, at: number): SenderReport {
  const seconds = u32(data, at + 8);
  const fraction = u32(data, at + 12);
  return {
    ssrc: u32(data, at + 4),
    wallTimeMs: (seconds - NTP_TO_UNIX_S) * 1000 + (fraction / 2 ** 32) * 1000,
    ntpMiddle: ((seconds & 0xffff) * 0x10000 + (fraction >>> 16)) >>> 0,
    rtpTimestamp: u32(data, at + 16),
  };
}

export interface ReportFields {
  readonly ownSsrc: number;
  readonly cname: string;
  readonly source: number;
  readonly reception: ReceptionReport;
  /** The last sender report's `ntpMiddle` and how long ago it came, ms; `null` if there was none. */
  readonly lastSenderReport: { readonly ntpMiddle: number; readonly agoMs: number } | null;
  readonly bye: boolean;
}

/** A compound packet of receiver report, SDES with CNAME, and BYE if wanted (RFC 3550, 6.1). */
export function writeReport(fields: ReportFields): Uint8Array {
  const cname = Buffer.from(fields.cname).subarray(0, 255);
  // The item's end byte included, filled up to 32 bits.
  const descriptionBytes = 8 + Math.ceil((2 + cname.length + 1) / 4) * 4;
  const packet = Buffer.alloc(32 + descriptionBytes + (fields.bye ? 8 : 0));
  writeHeader(packet, 0, 1, RTCP.receiverReport, 32);
  packet.writeUInt32BE(fields.ownSsrc >>> 0, 4);
  writeBlock(packet, 8, fields);
  writeHeader(packet, 32, 1, RTCP.description, descriptionBytes);
  packet.writeUInt32BE(fields.ownSsrc >>> 0, 36);
  packet[40] = CNAME;
  packet[41] = cname.length;
  cname.copy(packet, 42);
  if (fields.bye) {
    writeHeader(packet, 32 + descriptionBytes, 1, RTCP.bye, 8);
    packet.writeUInt32BE(fields.ownSsrc >>> 0, 36 + descriptionBytes);
  }
  return packet;
}

function writeHeader(packet: Buffer, at: number, count: number, type: number, bytes: number): void {
  packet[at] = 0x80 | count;
  packet[at + 1] = type;
  packet.writeUInt16BE(bytes / 4 - 1, at + 2);
}

function writeBlock(packet: Buffer, at: number, { source, reception, lastSenderReport }: ReportFields): void {
  packet.writeUInt32BE(source >>> 0, at);
  packet[at + 4] = reception.fractionLost;
  const lost = Math.max(-0x800000, Math.min(0x7fffff, reception.cumulativeLost));
  packet.writeIntBE(lost, at + 5, 3);
  packet.writeUInt32BE(reception.highestSequence >>> 0, at + 8);
  packet.writeUInt32BE(reception.jitter >>> 0, at + 12);
  if (lastSenderReport === null) return;
  packet.writeUInt32BE(lastSenderReport.ntpMiddle, at + 16);
  // DLSR: in 1/65536 s.
  const delay = Math.round((Math.max(0, lastSenderReport.agoMs) / 1000) * 65_536);
  packet.writeUInt32BE(Math.min(0xffffffff, delay), at + 20);
}
