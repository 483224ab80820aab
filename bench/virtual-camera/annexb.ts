/** H.264 byte streams (ITU-T H.264, Annex B): into NAL units, and NAL units into pictures. */

const NAL_SLICE = 1;
const NAL_IDR = 5;
export const NAL_SPS = 7;
export const NAL_PPS = 8;

export const nalType = (nal: Uint8Array): number => (nal[0] ?? 0) & 0x1f;

/** All NAL units of one picture, without start codes. */
export interface AccessUnit {
  readonly nals: readonly Buffer[];
  /** Begins with SPS and PPS and holds an IDR picture. */
  readonly isKey: boolean;
}

/** Splits at start codes (00 00 01, with any number of zeros before). Views, no copies. */
export function splitNals(stream: Buffer): Buffer[] {
  const nals: Buffer[] = [];
  let start = stream.indexOf('000001', 0, 'hex');
  while (start >= 0) {
    const from = start + 3;
    start = stream.indexOf('000001', from, 'hex');
    let to = start < 0 ? stream.length : start;
    while (to > from && stream[to - 1] === 0) to--;
    if (to > from) nals.push(stream.subarray(from, to));
  }
  return nals;
}

/** first_mb_in_slice is an Exp-Golomb code: 0 is a single 1 bit, right behind the NAL header. */
const beginsPicture = (slice: Uint8Array): boolean => ((slice[1] ?? 0) & 0x80) !== 0;

/** Groups NAL units into pictures. SEI and delimiters are left out: cameras rarely send them, decoders need none. */
export function accessUnits(nals: readonly Buffer[]): AccessUnit[] {
  const units: { nals: Buffer[]; isKey: boolean }[] = [];
  let parameterSets: Buffer[] = [];
  for (const nal of nals) {
    const type = nalType(nal);
    if (type === NAL_SPS || type === NAL_PPS) parameterSets.push(nal);
    if (type !== NAL_SLICE && type !== NAL_IDR) continue;
    const current = units.at(-1);
    if (beginsPicture(nal) || current === undefined) {
      units.push({ nals: [...parameterSets, nal], isKey: type === NAL_IDR });
      parameterSets = [];
    } else {
      current.nals.push(nal);
    }
  }
  return units;
}
