import type { VideoCodec } from './video-format.js';

/** Bytes of the start code in front of each NAL unit that this service writes (H.264 and H.265, annex B). */
export const START_CODE_BYTES = 4;

/**
 * Written right behind an access unit, an access unit delimiter tells a parser at once that the unit is complete;
 * FFmpeg's would otherwise wait for the next one. It allows every slice type (primary_pic_type 7, pic_type 2).
 */
const DELIMITERS = {
  h264: Uint8Array.of(0, 0, 0, 1, 0x09, 0xf0),
  h265: Uint8Array.of(0, 0, 0, 1, 0x46, 0x01, 0x50),
} as const;

const NOTHING = new Uint8Array(0);

/** The access unit delimiter of a codec, with its start code; empty for JPEG and MPEG-4 Visual, which have none. */
export const delimiterOf = (codec: VideoCodec): Uint8Array =>
  codec === 'h264' || codec === 'h265' ? DELIMITERS[codec] : NOTHING;

/** Index of the next `00 00 01` at or after `from`, or -1. */
export function findStartCode(data: Uint8Array, from: number): number {
  for (let at = data.indexOf(1, from + 2); at >= 0; at = data.indexOf(1, at + 1)) {
    if (data[at - 1] === 0 && data[at - 2] === 0) return at - 2;
  }
  return -1;
}

/**
 * The NAL units of an Annex B stream as views, without start codes and the zeros around them. Bytes ahead of the first
 * start code are passed over.
 */
export function* nalUnits(data: Uint8Array): Generator<Uint8Array, void, undefined> {
  let start = findStartCode(data, 0);
  while (start >= 0) {
    const next = findStartCode(data, start + 3);
    let end = next < 0 ? data.length : next;
    // trailing_zero_8bits and the next start code's leading zero; a NAL unit itself never ends with a zero byte.
    while (end > start + 3 && data[end - 1] === 0) end -= 1;
    if (end > start + 3) yield data.subarray(start + 3, end);
    start = next;
  }
}
