import { BitReader } from './bit-reader.js';
import type { H264Sps } from './h264-sps.js';

/** nal_unit_type (H.264, table 7-1), and the packet types of RFC 6184 (table 1). */
export const H264_NAL = {
  slice: 1,
  idr: 5,
  sei: 6,
  sps: 7,
  pps: 8,
  delimiter: 9,
  endOfSequence: 10,
  endOfStream: 11,
  filler: 12,
  spsExtension: 13,
  prefix: 14,
  subsetSps: 15,
  auxiliary: 19,
  extension: 20,
  depthExtension: 21,
  stapA: 24,
  fuA: 28,
  fuB: 29,
} as const;

export const h264Type = (header: number): number => header & 0x1f;

/** What a slice header (7.3.3) says of its picture. */
export interface H264Slice {
  firstMacroblock: number;
  /** 0 to 9; of 5 on all slices of the picture are of this type. */
  type: number;
  pps: number;
  frameNum: number;
  field: boolean;
  bottomField: boolean;
}

/** Whether slice_type is I or SI: such a slice needs no other picture. */
export const isIntraSlice = (type: number): boolean => type % 5 === 2 || type % 5 === 4;
export const isBSlice = (type: number): boolean => type % 5 === 1;

const reader = (): BitReader => new BitReader();

/** Bytes of a slice that hold all that is read of its header: three ue(v) of 5 bytes, frame_num and two flags. */
export const SLICE_HEAD_BYTES = 24;

/** pic_parameter_set_id and seq_parameter_set_id of a PPS, or `null`. */
export function h264PpsIds(nal: Uint8Array): { readonly id: number; readonly sps: number } | null {
  const bits = reader().reset(nal, 1, nal.length, true);
  const id = bits.unsignedGolomb();
  const sps = bits.unsignedGolomb();
  return bits.ranOut() || id > 255 || sps > 31 ? null : { id, sps };
}

/** Reads slice headers into one object that is used again and again. */
export class H264SliceReader {
  readonly slice: H264Slice = {
    firstMacroblock: 0,
    type: 0,
    pps: 0,
    frameNum: 0,
    field: false,
    bottomField: false,
  };
  /** Whether what was read last can be a slice header, whatever its PPS is. */
  isPlausible = true;
  readonly #bits = reader();

  /**
   * Reads the header of the slice NAL unit at `from`. `spsOf` gives the SPS that a PPS refers to. Answers whether it
   * could: not if the slice is too short, or its PPS or SPS is not known.
   */
  read(data: Uint8Array, from: number, to: number, spsOf: (pps: number) => H264Sps | null): boolean {
    const bits = this.#bits.reset(data, from + 1, Math.min(to, from + SLICE_HEAD_BYTES), true);
    const { slice } = this;
    slice.firstMacroblock = bits.unsignedGolomb();
    slice.type = bits.unsignedGolomb();
    slice.pps = bits.unsignedGolomb();
    this.isPlausible = !bits.ranOut() && slice.type <= 9 && slice.pps <= 255;
    if (!this.isPlausible) return false;
    const sps = spsOf(slice.pps);
    if (sps === null) return false;
    if (sps.separatePlanes) bits.skip(2); // colour_plane_id
    slice.frameNum = bits.bits(sps.frameNumBits);
    slice.field = !sps.framesOnly && bits.flag();
    slice.bottomField = slice.field && bits.flag();
    return !bits.ranOut();
  }
}
