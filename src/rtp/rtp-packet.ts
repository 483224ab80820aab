/** Bytes of the fixed header (RFC 3550, 5.1). */
const HEADER_BYTES = 12;
const NO_DATA = new Uint8Array(0);

/** One RTP packet, as a view on the memory that it came in. An object is filled again for each packet. */
export interface RtpPacket {
  data: Uint8Array;
  marker: boolean;
  payloadType: number;
  /** 0 to 65535. */
  sequence: number;
  /** 0 to 2^32 - 1. */
  timestamp: number;
  ssrc: number;
  /** The payload is data[start] to data[end - 1], without padding. */
  start: number;
  end: number;
  /** The header extension's 16 bits "defined by profile", or -1 if there is none. */
  extensionProfile: number;
  extensionStart: number;
  extensionEnd: number;
}

export const emptyPacket = (): RtpPacket => ({
  data: NO_DATA,
  marker: false,
  payloadType: 0,
  sequence: 0,
  timestamp: 0,
  ssrc: 0,
  start: 0,
  end: 0,
  extensionProfile: -1,
  extensionStart: 0,
  extensionEnd: 0,
});

export const u16 = (data: Uint8Array, at: number): number => ((data[at] ?? 0) << 8) | (data[at + 1] ?? 0);
export const u32 = (data: Uint8Array, at: number): number => u16(data, at) * 65_536 + u16(data, at + 2);

/** Fills `packet` from the bytes of one packet; false if they are not RTP version 2 or contradict themselves. */
export function parseRtpPacket(data: Uint8Array, packet: RtpPacket): boolean {
  if (data.length < HEADER_BYTES) return false;
  const first = data[0] ?? 0;
  if (first >> 6 !== 2) return false;
  const second = data[1] ?? 0;
  let start = HEADER_BYTES + (first & 0x0f) * 4;
  packet.extensionProfile = -1;
  if ((first & 0x10) !== 0) {
    if (start + 4 > data.length) return false;
    packet.extensionProfile = u16(data, start);
    packet.extensionStart = start + 4;
    packet.extensionEnd = packet.extensionStart + u16(data, start + 2) * 4;
    start = packet.extensionEnd;
  }
  let end = data.length;
  if ((first & 0x20) !== 0) {
    const padding = data[end - 1] ?? 0;
    if (padding === 0) return false;
    end -= padding;
  }
  if (start > end) return false;
  packet.data = data;
  packet.marker = (second & 0x80) !== 0;
  packet.payloadType = second & 0x7f;
  packet.sequence = u16(data, 2);
  packet.timestamp = u32(data, 4);
  packet.ssrc = u32(data, 8);
  packet.start = start;
  packet.end = end;
  return true;
}

/** The bytes in memory of their own. Not by slice(): a Buffer's would be a view. */
export const copyOf = (data: Uint8Array): Uint8Array<ArrayBuffer> => new Uint8Array(data);

/** How far sequence number `to` lies ahead of `from`: -32768 to 32767. */
export const sequenceDelta = (from: number, to: number): number => ((to - from) << 16) >> 16;
