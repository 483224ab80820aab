import { BitReader } from './bit-reader.js';

/** nal_unit_type (H.265, table 7-1), and the packet types of RFC 7798 (4.4). */
export const H265_NAL = {
  raslN: 8,
  raslR: 9,
  lastSubLayerReference: 15,
  firstIrap: 16,
  cra: 21,
  lastIrap: 23,
  lastVcl: 31,
  vps: 32,
  sps: 33,
  pps: 34,
  delimiter: 35,
  endOfSequence: 36,
  endOfBitstream: 37,
  filler: 38,
  prefixSei: 39,
  suffixSei: 40,
  aggregation: 48,
  fragment: 49,
  paci: 50,
} as const;

export const h265Type = (header: number): number => (header >> 1) & 0x3f;

/** nuh_layer_id of both header bytes. */
export const h265Layer = (first: number, second: number): number => ((first & 1) << 5) | (second >> 3);

/** IRAP: IDR, BLA and CRA pictures, and the two reserved types. */
export const isIrap = (type: number): boolean => type >= H265_NAL.firstIrap && type <= H265_NAL.lastIrap;

/** Skipped leading pictures: they need pictures before the CRA or BLA picture that they follow. */
export const isRasl = (type: number): boolean => type === H265_NAL.raslN || type === H265_NAL.raslR;

/** Even types below 16 are not used for reference within their sub-layer (7.4.2.2). */
export const isSubLayerNonReference = (type: number): boolean =>
  type < H265_NAL.lastSubLayerReference && type % 2 === 0;

/** pps_pic_parameter_set_id and pps_seq_parameter_set_id of a PPS, or `null`. */
export function h265PpsIds(nal: Uint8Array): { readonly id: number; readonly sps: number } | null {
  const bits = new BitReader().reset(nal, 2, nal.length, true);
  const id = bits.unsignedGolomb();
  const sps = bits.unsignedGolomb();
  return bits.ranOut() || id > 63 || sps > 15 ? null : { id, sps };
}

/** vps_video_parameter_set_id */
export const h265VpsId = (nal: Uint8Array): number | null => (nal.length < 4 ? null : (nal[2] ?? 0) >> 4);

/** Whether the slice segment at `from` is the first of its picture: the first bit behind the NAL unit header. */
export const isFirstSegment = (data: Uint8Array, from: number): boolean =>
  ((data[from + 2] ?? 0) & 0x80) !== 0;

/** slice_pic_parameter_set_id of a first slice segment (7.3.6.1), or -1. */
export function h265SlicePps(bits: BitReader, data: Uint8Array, from: number, to: number): number {
  bits.reset(data, from + 2, to, true);
  bits.skip(1); // first_slice_segment_in_pic_flag
  if (isIrap(h265Type(data[from] ?? 0))) bits.skip(1); // no_output_of_prior_pics_flag
  const pps = bits.unsignedGolomb();
  return bits.ranOut() || pps > 63 ? -1 : pps;
}
