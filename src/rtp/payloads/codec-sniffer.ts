import { H264_NAL, h264Type } from '../../video/h264-nal.js';
import { parseH264Sps } from '../../video/h264-sps.js';
import { H265_NAL, h265Layer, h265Type } from '../../video/h265-nal.js';
import { parseH265Sps } from '../../video/h265-sps.js';
import { MPEG4 } from '../../video/mpeg4-vol.js';
import { FormatError, type VideoCodec } from '../../video/video-format.js';
import { u16 } from '../rtp-packet.js';

/** Longer ones exist, with scaling lists; but not in streams whose SDP is wrong. */
const MAX_SPS_BYTES = 256;
/** profile_idc of what cameras send: baseline, main, extended, and the high profiles. */
const H264_PROFILES: ReadonlySet<number> = new Set([66, 77, 88, 100, 110, 122, 244, 44]);

/**
 * The codec whose headers an RTP payload holds, by a parameter set that can be read to its end; `null` if there is none.
 * For streams that are not what their SDP says.
 */
export function sniffCodec(data: Uint8Array, start: number, end: number): VideoCodec | null {
  const payload = data.subarray(start, end);
  const [first = 0, second = 0] = [payload[0], payload[1]];
  if (isH264Sps(aggregated(payload, h264Type(first) === H264_NAL.stapA, 1))) return 'h264';
  if (isH265Sps(payload) || aggregatesH265Sps(payload, first, second)) return 'h265';
  if (first === 0 && second === 0 && payload[2] === 1) {
    const code = payload[3] ?? 0;
    if (code === MPEG4.sequence || code === MPEG4.visualObject) return 'mpeg4';
  }
  return null;
}

/** The first unit of an aggregation packet; the payload itself if it is none. */
function aggregated(payload: Uint8Array, aggregates: boolean, header: number): Uint8Array {
  return aggregates ? payload.subarray(header + 2, header + 2 + u16(payload, header)) : payload;
}

function isH264Sps(nal: Uint8Array): boolean {
  const header = nal[0] ?? 0;
  // nal_ref_idc of a parameter set is never 0 (H.264, 7.4.1).
  if (h264Type(header) !== H264_NAL.sps || (header & 0x80) !== 0 || (header & 0x60) === 0) return false;
  if (nal.length > MAX_SPS_BYTES || !H264_PROFILES.has(nal[1] ?? 0)) return false;
  // reserved_zero_2bits, and a level that there is.
  if (((nal[2] ?? 0) & 3) !== 0 || (nal[3] ?? 0) < 9 || (nal[3] ?? 0) > 62) return false;
  return reads(() => parseH264Sps(nal));
}

function isH265Sps(nal: Uint8Array): boolean {
  const [first = 0, second = 0] = [nal[0], nal[1]];
  if ((first & 0x80) !== 0 || h265Type(first) !== H265_NAL.sps || h265Layer(first, second) !== 0)
    return false;
  return second === 1 && nal.length <= MAX_SPS_BYTES && reads(() => parseH265Sps(nal));
}

/** VPS, SPS and PPS in one packet. */
function aggregatesH265Sps(payload: Uint8Array, first: number, second: number): boolean {
  if ((first & 0x80) !== 0 || h265Type(first) !== H265_NAL.aggregation || second !== 1) return false;
  for (let at = 2; at + 2 < payload.length; at += 2 + u16(payload, at)) {
    if (isH265Sps(payload.subarray(at + 2, at + 2 + u16(payload, at)))) return true;
  }
  return false;
}

function reads(parse: () => unknown): boolean {
  try {
    parse();
    return true;
  } catch (error) {
    if (error instanceof FormatError) return false;
    throw error;
  }
}
