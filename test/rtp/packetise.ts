/** RTP packets for tests, written apart from the code that reads them. */

export interface PacketFields {
  readonly payload: Uint8Array;
  readonly timestamp: number;
  readonly marker: boolean;
}

export interface StreamFields {
  readonly payloadType: number;
  readonly ssrc: number;
  /** Sequence number of the first packet. */
  readonly sequence: number;
}

export const STREAM: StreamFields = { payloadType: 96, ssrc: 0x1234_5678, sequence: 65_500 };

/** RFC 3550, 5.1 */
export function rtp({ payload, timestamp, marker }: PacketFields, sequence: number, stream = STREAM): Buffer {
  const packet = Buffer.alloc(12 + payload.length);
  packet[0] = 0x80;
  packet[1] = (marker ? 0x80 : 0) | stream.payloadType;
  packet.writeUInt16BE(sequence & 0xffff, 2);
  packet.writeUInt32BE(timestamp >>> 0, 4);
  packet.writeUInt32BE(stream.ssrc, 8);
  packet.set(payload, 12);
  return packet;
}

/** Numbers packets from the stream's first sequence number on. */
export const numbered = (packets: readonly PacketFields[], stream = STREAM): Buffer[] =>
  packets.map((packet, index) => rtp(packet, stream.sequence + index, stream));

/** How a picture's packets carry the marker: on its last packet, on none, or on the last packet of each NAL unit. */
export type Marking = 'last' | 'never' | 'each_nal';

export interface NalPacketising {
  readonly codec: 'h264' | 'h265';
  /** Bytes of a payload, at most. */
  readonly mtu: number;
  readonly marking?: Marking;
  /** Small units go together (STAP-A, AP). */
  readonly aggregate?: boolean;
  /** H.265 decoding order numbers. */
  readonly orderNumbers?: boolean;
}

/** The payloads of one picture's NAL units. */
export function packetiseNals(
  nals: readonly Uint8Array[],
  timestamp: number,
  how: NalPacketising,
): PacketFields[] {
  const packets: PacketFields[] = [];
  const add = (payloads: readonly Uint8Array[], nalEnds: boolean): void => {
    payloads.forEach((payload, index) => {
      const last = index === payloads.length - 1;
      packets.push({ payload, timestamp, marker: how.marking === 'each_nal' && nalEnds && last });
    });
  };
  for (const group of grouped(nals, how)) {
    const [only] = group;
    if (group.length > 1 || only === undefined) add([aggregation(group, how)], true);
    else if (only.length + overhead(how) <= how.mtu) add([single(only, how)], true);
    else add(fragments(only, how), true);
  }
  const final = packets.at(-1);
  if (final !== undefined && (how.marking ?? 'last') === 'last')
    packets[packets.length - 1] = { ...final, marker: true };
  return packets;
}

const overhead = (how: NalPacketising): number => (how.orderNumbers === true ? 2 : 0);
const ORDER = [0x12, 0x34];

function grouped(nals: readonly Uint8Array[], how: NalPacketising): Uint8Array[][] {
  const groups: Uint8Array[][] = [];
  let bytes = Infinity;
  for (const nal of nals) {
    const needed = nal.length + 4;
    if (how.aggregate === true && bytes + needed <= how.mtu) groups.at(-1)?.push(nal);
    else {
      groups.push([nal]);
      bytes = 4;
    }
    bytes += needed;
  }
  return groups;
}

function single(nal: Uint8Array, how: NalPacketising): Uint8Array {
  return how.orderNumbers === true
    ? Buffer.concat([nal.subarray(0, 2), Buffer.from(ORDER), nal.subarray(2)])
    : nal;
}

function aggregation(nals: readonly Uint8Array[], how: NalPacketising): Buffer {
  const size = (nal: Uint8Array): Buffer => Buffer.from([nal.length >> 8, nal.length & 255]);
  const parts = nals.flatMap((nal, index) => {
    const order = how.orderNumbers === true ? Buffer.from(index === 0 ? ORDER : [0]) : Buffer.alloc(0);
    return [order, size(nal), nal];
  });
  const reference = Math.max(...nals.map((nal) => (nal[0] ?? 0) & 0x60));
  const header = how.codec === 'h264' ? [reference | 24] : [48 << 1, 1];
  return Buffer.concat([Buffer.from(header), ...parts]);
}

function fragments(nal: Uint8Array, how: NalPacketising): Buffer[] {
  const [first = 0, second = 0] = [nal[0], nal[1]];
  const headerBytes = how.codec === 'h264' ? 1 : 2;
  const indicator = how.codec === 'h264' ? [(first & 0xe0) | 28] : [(first & 0x81) | (49 << 1), second];
  const type = how.codec === 'h264' ? first & 31 : (first >> 1) & 63;
  const step = how.mtu - indicator.length - 1 - overhead(how);
  const payloads: Buffer[] = [];
  for (let at = headerBytes; at < nal.length; at += step) {
    const begins = at === headerBytes ? 0x80 : 0;
    const ends = at + step >= nal.length ? 0x40 : 0;
    const order = begins > 0 && how.orderNumbers === true ? ORDER : [];
    payloads.push(
      Buffer.concat([
        Buffer.from([...indicator, begins | ends | type, ...order]),
        nal.subarray(at, at + step),
      ]),
    );
  }
  return payloads;
}
