import { BitWriter, escaped } from '../video/bit-writer.js';

/** H.264 NAL units made by hand: headers as the standard says, slice data of any bytes. */

const FRAME_NUM_BITS = 4;

export interface SpsFields {
  readonly width?: number;
  readonly height?: number;
  readonly interlaced?: boolean;
  readonly gaps?: boolean;
  readonly id?: number;
}

export function sps({
  width = 320,
  height = 240,
  interlaced = false,
  gaps = false,
  id = 0,
}: SpsFields = {}): Uint8Array {
  const bits = new BitWriter().bits(77, 8).bits(0, 8).bits(30, 8).golomb(id);
  bits
    .golomb(FRAME_NUM_BITS - 4)
    .golomb(2)
    .golomb(2)
    .bits(gaps ? 1 : 0, 1);
  bits.golomb(width / 16 - 1).golomb(height / (interlaced ? 32 : 16) - 1);
  if (interlaced) bits.bits(0, 2);
  else bits.bits(1, 1);
  return escaped([0x67], bits.bits(1, 1).bits(0, 1).bits(0, 1).end());
}

export const pps = (id = 0, spsId = 0): Uint8Array =>
  escaped([0x68], new BitWriter().golomb(id).golomb(spsId).bits(0, 2).golomb(0).golomb(0).golomb(0).end());

export interface SliceFields {
  readonly idr?: boolean;
  readonly reference?: boolean;
  readonly firstMacroblock?: number;
  /** 0 P, 1 B, 2 I; with 5 added: all slices of the picture. */
  readonly type?: number;
  readonly pps?: number;
  readonly frameNum?: number;
  /** In interlaced streams: which field, or a frame. */
  readonly field?: 'top' | 'bottom' | 'frame';
  /** Of slice data. */
  readonly bytes?: number;
  /** Makes slice data differ. */
  readonly seed?: number;
}

export function slice(fields: SliceFields = {}): Uint8Array {
  const {
    idr = false,
    reference = true,
    firstMacroblock = 0,
    type = idr ? 7 : 5,
    frameNum = 0,
    field,
    bytes = 60,
  } = fields;
  const bits = new BitWriter()
    .golomb(firstMacroblock)
    .golomb(type)
    .golomb(fields.pps ?? 0);
  bits.bits(frameNum % 2 ** FRAME_NUM_BITS, FRAME_NUM_BITS);
  if (field !== undefined) {
    bits.bits(field === 'frame' ? 0 : 1, 1);
    if (field !== 'frame') bits.bits(field === 'bottom' ? 1 : 0, 1);
  }
  for (let index = 0; index < bytes; index += 1)
    bits.bits(((fields.seed ?? 0) * 31 + index * 7 + 1) & 0xff || 1, 8);
  return escaped([(reference ? 0x60 : 0) | (idr ? 5 : 1)], bits.end());
}

/** A recovery point SEI. */
export function recoveryPoint(frames: number): Uint8Array {
  const point = new BitWriter().golomb(frames).bits(0b1000, 4).end();
  return escaped([6], Uint8Array.from([6, point.length, ...point, 0x80]));
}
