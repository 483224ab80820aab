import { BitReader } from './bit-reader.js';

const RECOVERY_POINT = 6;
/** SEI messages in one NAL unit, at most: more is no camera. */
const MAX_MESSAGES = 64;
/** A picture refresh of more than that is not believed: 2^16 frames are longer than any frame_num or POC cycle. */
const MAX_RECOVERY = 65_535;

/**
 * The pictures until a recovery point (H.264 D.1.8: recovery_frame_cnt; H.265 D.2.8: recovery_poc_cnt), or -1 where the
 * SEI NAL unit has none. `from` is behind the NAL unit header. In H.265 the count may be negative: the pictures are right
 * at once.
 */
export function recoveryPoint(data: Uint8Array, from: number, to: number, codec: 'h264' | 'h265'): number {
  const bits = new BitReader().reset(data, from, to, true);
  for (let message = 0; message < MAX_MESSAGES; message += 1) {
    const type = extended(bits);
    const size = extended(bits);
    if (bits.ranOut()) return -1;
    if (type === RECOVERY_POINT) {
      const count = codec === 'h264' ? bits.unsignedGolomb() : Math.max(0, bits.signedGolomb());
      return bits.ranOut() || count > MAX_RECOVERY ? -1 : count;
    }
    bits.skip(size * 8);
  }
  return -1;
}

/** payloadType and payloadSize (7.3.2.3.1): 255 for as long as more follows. */
function extended(bits: BitReader): number {
  let value = 0;
  for (;;) {
    const byte = bits.bits(8);
    value += byte;
    if (byte !== 0xff || bits.ranOut()) return value;
  }
}
