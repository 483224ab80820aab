/** RTP packets of H.264 pictures (RFC 3550, RFC 6184), built once per clip; each viewer's copy is only patched. */

export const PAYLOAD_TYPE = 96;
export const CLOCK_RATE = 90_000;
/** Bytes of RTP payload: with RTP, UDP and IP headers it fits an Ethernet frame, as real cameras choose it. */
const MAX_PAYLOAD = 1400;

const RTP_HEADER = 12;
/** `$`, channel, length (RFC 2326, 10.12): stands before each packet on TCP, and is left out on UDP. */
export const INTERLEAVED_HEADER = 4;
const MARKER = 0x80;
const FU_A = 28;
const FU_START = 0x80;
const FU_END = 0x40;

/** The packets of one picture, each behind its interleaved header, with zeros for what differs by viewer. */
export interface PacketTemplate {
  readonly bytes: Buffer;
  /** Where each packet's interleaved header begins, and at last the end of `bytes`. */
  readonly offsets: readonly number[];
}

/** What differs by viewer and picture. */
export interface RtpStamp {
  readonly channel: number;
  /** Sequence number of the first packet, any integer: taken modulo 2^16. */
  readonly sequence: number;
  /** In ticks of 90 kHz, any integer: taken modulo 2^32. */
  readonly timestamp: number;
  readonly ssrc: number;
}

/**
 * Payloads that carry one NAL unit: itself if it fits, else FU-A fragments (RFC 6184, 5.6 and 5.8).
 * @param maxPayload at least 3.
 */
export function nalPayloads(nal: Buffer, maxPayload: number): Buffer[] {
  if (nal.length <= maxPayload) return [nal];
  const header = nal[0] ?? 0;
  const room = maxPayload - 2;
  const payloads: Buffer[] = [];
  for (let from = 1; from < nal.length; from += room) {
    const to = Math.min(from + room, nal.length);
    const fu = (header & 0x1f) | (from === 1 ? FU_START : 0) | (to === nal.length ? FU_END : 0);
    payloads.push(Buffer.concat([Buffer.of((header & 0xe0) | FU_A, fu), nal.subarray(from, to)]));
  }
  return payloads;
}

/** Packets of one picture; the last one carries the marker. */
export function packetise(nals: readonly Buffer[], maxPayload = MAX_PAYLOAD): PacketTemplate {
  const payloads = nals.flatMap((nal) => nalPayloads(nal, maxPayload));
  const parts: Buffer[] = [];
  const offsets = [0];
  let end = 0;
  payloads.forEach((payload, i) => {
    const head = Buffer.alloc(INTERLEAVED_HEADER + RTP_HEADER);
    head[0] = 0x24;
    head.writeUInt16BE(RTP_HEADER + payload.length, 2);
    head[INTERLEAVED_HEADER] = 0x80; // version 2
    head[INTERLEAVED_HEADER + 1] = PAYLOAD_TYPE | (i === payloads.length - 1 ? MARKER : 0);
    parts.push(head, payload);
    end += head.length + payload.length;
    offsets.push(end);
  });
  return { bytes: Buffer.concat(parts, end), offsets };
}

/** A copy of the template for one viewer. A copy, because the socket keeps it until the kernel has taken it. */
export function stamp(template: PacketTemplate, values: RtpStamp): Buffer {
  const bytes = Buffer.from(template.bytes);
  const timestamp = values.timestamp % 2 ** 32;
  const packets = template.offsets.length - 1;
  for (let i = 0; i < packets; i++) {
    const at = template.offsets[i] ?? 0;
    bytes[at + 1] = values.channel;
    bytes.writeUInt16BE((values.sequence + i) & 0xffff, at + INTERLEAVED_HEADER + 2);
    bytes.writeUInt32BE(timestamp, at + INTERLEAVED_HEADER + 4);
    bytes.writeUInt32BE(values.ssrc, at + INTERLEAVED_HEADER + 8);
  }
  return bytes;
}

/** Views on each packet of stamped bytes, with its interleaved header. */
export function packetsOf(offsets: PacketTemplate['offsets'], bytes: Buffer): Buffer[] {
  return offsets.slice(0, -1).map((at, i) => bytes.subarray(at, offsets[i + 1]));
}

/** Seconds from the NTP epoch (1900) to the Unix epoch. */
const NTP_OFFSET = 2_208_988_800;

/**
 * RTCP sender report with the source description that RFC 3550 (6.1) wants behind it. Players map RTP time to wall
 * clock by it.
 * @param epochMs Unix epoch, ms with fraction, at which `timestamp` holds.
 */
export function senderReport(
  ssrc: number,
  epochMs: number,
  timestamp: number,
  packets: number,
  octets: number,
): Buffer {
  const cname = Buffer.from('virtual-camera');
  const sdesBytes = Math.ceil((4 + 4 + 2 + cname.length + 1) / 4) * 4;
  const report = Buffer.alloc(28 + sdesBytes);
  report.writeUInt16BE(0x80c8, 0); // version 2, SR
  report.writeUInt16BE(6, 2);
  report.writeUInt32BE(ssrc, 4);
  report.writeUInt32BE((Math.floor(epochMs / 1000) + NTP_OFFSET) % 2 ** 32, 8);
  report.writeUInt32BE(Math.floor(((epochMs % 1000) / 1000) * 2 ** 32), 12);
  report.writeUInt32BE(timestamp % 2 ** 32, 16);
  report.writeUInt32BE(packets % 2 ** 32, 20);
  report.writeUInt32BE(octets % 2 ** 32, 24);
  report.writeUInt16BE(0x81ca, 28); // version 2, one chunk, SDES
  report.writeUInt16BE(sdesBytes / 4 - 1, 30);
  report.writeUInt32BE(ssrc, 32);
  report[36] = 1; // CNAME
  report[37] = cname.length;
  cname.copy(report, 38);
  return report;
}
