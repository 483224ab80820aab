import { randomBytes } from 'node:crypto';
import { packetise, type PacketTemplate } from './rtp.js';

const BYTES = 2500;

/**
 * A picture of random bytes behind the NAL header of an ordinary slice. They begin with the Exp-Golomb codes of
 * first_mb_in_slice 0 and a slice_type of 127 or more, where 9 is the largest. With all bytes random, some slices would
 * pass for a picture, and a decoder would show what its error concealment makes of it: a green field.
 */
export function garbagePicture(): PacketTemplate {
  return packetise([Buffer.concat([Buffer.of(0x61, 0x80, 0x80), randomBytes(BYTES)])]);
}
