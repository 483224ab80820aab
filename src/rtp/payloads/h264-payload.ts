import { H264_NAL, h264Type } from '../../video/h264-nal.js';
import { type NalPayloadFormat, unpackAggregate } from './nal-depayloader.js';
import type { NalStream } from './nal-stream.js';

/** STAP-B, MTAP16, MTAP24, FU-B and the two reserved types. */
const UNSUPPORTED: Readonly<Record<number, string>> = {
  25: 'H.264 STAP-B',
  26: 'H.264 MTAP16',
  27: 'H.264 MTAP24',
  29: 'H.264 FU-B',
  30: 'H.264 packet type 30',
  31: 'H.264 packet type 31',
};

const typeOf = (data: Uint8Array, start: number): number => h264Type(data[start] ?? 0);

/**
 * RFC 6184, packetization modes 0 and 1: single NAL unit packets, STAP-A, FU-A. Packets of mode 2 (interleaved) are of no
 * use: no camera sends them, and where they appear the stream is broken or no H.264.
 */
export const H264_PAYLOAD: NalPayloadFormat = {
  unusable: (data, start, end) => {
    const type = typeOf(data, start);
    if (type === H264_NAL.fuA && end - start < 2) return 'short H.264 FU-A';
    return UNSUPPORTED[type] ?? null;
  },
  continues: (data, start) => typeOf(data, start) === H264_NAL.fuA && ((data[start + 1] ?? 0) & 0x80) === 0,
  unpack: (nals, data, start, end) => {
    const type = typeOf(data, start);
    // 5.7.1
    if (type === H264_NAL.stapA) return unpackAggregate(nals, data, start + 1, end);
    if (type === H264_NAL.fuA) unpackFragment(nals, data, start, end);
    else nals.whole(data, start, end);
    return true;
  },
};

/** 5.8: the NAL unit's header is put together from FU indicator and FU header. */
function unpackFragment(nals: NalStream, data: Uint8Array, start: number, end: number): void {
  const fu = data[start + 1] ?? 0;
  nals.fragment(data, start + 2, end, {
    header: ((data[start] ?? 0) & 0xe0) | (fu & 0x1f),
    second: -1,
    first: (fu & 0x80) !== 0,
    last: (fu & 0x40) !== 0,
  });
}
