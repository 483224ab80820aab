import { findStartCode } from '../../src/video/annex-b.js';
import type { PacketFields } from './packetise.js';
import { timestampOf } from './streams.js';

const PICTURE = 0xb6;

/** The pictures of an MPEG-4 elementary stream, each with the headers in front of it. */
export function mpeg4Units(stream: Uint8Array): Uint8Array[] {
  const units: Uint8Array[] = [];
  let from = 0;
  let hasPicture = false;
  for (let at = findStartCode(stream, 0); at >= 0; at = findStartCode(stream, at + 3)) {
    if (hasPicture) {
      units.push(stream.subarray(from, at));
      from = at;
      hasPicture = false;
    }
    if (stream[at + 3] === PICTURE) hasPicture = true;
  }
  return [...units, stream.subarray(from)];
}

/** RFC 6416: cut to pieces, the marker on each picture's last. */
export function packetiseMpeg4(units: readonly Uint8Array[], mtu: number): PacketFields[] {
  return units.flatMap((unit, index) => {
    const packets: PacketFields[] = [];
    for (let at = 0; at < unit.length; at += mtu) {
      const marker = at + mtu >= unit.length;
      packets.push({ payload: unit.subarray(at, at + mtu), timestamp: timestampOf(index), marker });
    }
    return packets;
  });
}
