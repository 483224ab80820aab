import type { BitReader } from './bit-reader.js';
import { FormatError } from './video-format.js';

/** The lists that stand in an H.265 SPS before its VUI: nothing of them is needed but where they end. */

/** scaling_list_data (7.3.4) */
export function skipScalingLists(reader: BitReader): void {
  for (let size = 0; size < 4; size += 1) {
    const coefficients = Math.min(64, 1 << (4 + (size << 1)));
    for (let matrix = 0; matrix < 6; matrix += size === 3 ? 3 : 1) {
      if (!reader.flag()) {
        reader.unsignedGolomb(); // scaling_list_pred_matrix_id_delta
        continue;
      }
      if (size > 1) reader.signedGolomb(); // scaling_list_dc_coef_minus8
      for (let index = 0; index < coefficients; index += 1) reader.signedGolomb();
    }
  }
}

/** sps_max_dec_pic_buffering_minus1 is 15 at most, and no set names more pictures than that. */
const MAX_PICTURES = 16;

/** All st_ref_pic_set of an SPS (7.3.7): the length of one may depend on how many pictures the one before it names. */
export function skipShortTermSets(reader: BitReader, count: number): void {
  let pictures = 0;
  for (let index = 0; index < count && !reader.ranOut(); index += 1) {
    pictures = index > 0 && reader.flag() ? skipPredictedSet(reader, pictures) : skipExplicitSet(reader);
    if (pictures > MAX_PICTURES) throw new FormatError('invalid', 'H.265 st_ref_pic_set');
  }
}

function skipPredictedSet(reader: BitReader, pictures: number): number {
  reader.skip(1); // delta_rps_sign
  reader.unsignedGolomb(); // abs_delta_rps_minus1
  let kept = 0;
  for (let picture = 0; picture <= pictures; picture += 1) {
    // used_by_curr_pic_flag, or else use_delta_flag
    if (reader.flag() || reader.flag()) kept += 1;
  }
  return kept;
}

function skipExplicitSet(reader: BitReader): number {
  const pictures = reader.unsignedGolomb() + reader.unsignedGolomb();
  if (pictures > MAX_PICTURES) throw new FormatError('invalid', 'H.265 st_ref_pic_set');
  for (let picture = 0; picture < pictures; picture += 1) {
    reader.unsignedGolomb(); // delta_poc_minus1
    reader.skip(1); // used_by_curr_pic_flag
  }
  return pictures;
}
