import { randomBytes } from 'node:crypto';
import { packetise, type PacketTemplate } from './rtp.js';

const BYTES = 2500;

/**
 * A picture of random bytes behind the NAL header of an ordinary slice. Its first_mb_in_slice is an Exp-Golomb code of
 * 15 zeros, thus 32,767 or more: beyond the last macroblock of any picture up to 4K by 2160. With all bytes random, one
 * in a few slices would pass for a picture, and a decoder would show what its error concealment makes of it.
 */
export function garbagePicture(): PacketTemplate {
  return packetise([Buffer.concat([Buffer.of(0x61, 0x00, 0x01), randomBytes(BYTES)])]);
}
