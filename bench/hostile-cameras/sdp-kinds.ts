import { randomBytes } from 'node:crypto';
import type { HostileKind } from './kind.js';

const mediaOf = (sdp: string): string => sdp.slice(sdp.indexOf('m=video'));
const before = (sdp: string): string => sdp.slice(0, sdp.indexOf('m=video'));

/** FFmpeg prints a title as it is; who reads FFmpeg's log for colours must not take it for FFmpeg's own line. */
const FAKE_LINE = '  Stream #0:0: Video: h264 (High), yuvj420p(pc, bt2020nc/bt2020/smpte2084), 64x64, 25 fps';

/** Session descriptions that are broken (RFC 4566, RFC 6184). */
export const SDP_KINDS: readonly HostileKind[] = [
  { name: 'empty-sdp', sdp: () => '' },
  { name: 'random-sdp', sdp: () => randomBytes(2000) },
  { name: 'no-video', sdp: (right) => `${before(right)}m=audio 0 RTP/AVP 8\r\na=control:trackID=0\r\n` },
  { name: 'hundred-tracks', sdp: (right) => before(right) + mediaOf(right).repeat(100) },
  {
    name: 'megabyte-sdp',
    sdp: (right) => right + 'a=x-vendor:aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\r\n'.repeat(24_000),
  },
  {
    name: 'long-line-sdp',
    sdp: (right) => right.replace(/s=.*/, `s=${'t'.repeat(60_000)}`),
  },
  {
    name: 'random-parameter-sets',
    sdp: (right) =>
      right.replace(
        /sprop-parameter-sets=.*/,
        `sprop-parameter-sets=${randomBytes(900).toString('base64')},AAA,,====`,
      ),
  },
  { name: 'unknown-codec', sdp: (right) => right.replace('H264/90000', 'H266/90000') },
  {
    name: 'wrong-codec',
    sdp: (right) => right.replace('H264/90000', 'H265/90000').replace(/a=fmtp.*\r\n/, ''),
  },
  {
    name: 'clock-of-zero',
    sdp: (right) => right.replace('H264/90000', 'H264/0').replace(/framerate:.*/, 'framerate:0'),
  },
  {
    name: 'twenty-thousand-media',
    sdp: (right) => before(right) + 'm=video 0 RTP/AVP 96\r\n'.repeat(20_000),
  },
  {
    name: 'media-and-lines-in-bounds',
    sdp: (right) => (before(right) + mediaOf(right).repeat(40)).padEnd(60_000, 'a=x:y\r\n').slice(0, 60_000),
  },
  {
    name: 'negative-numbers',
    sdp: (right) =>
      right
        .replace('m=video 0', 'm=video -1')
        .replace('H264/90000', 'H264/-90000')
        .replace(/framerate:.*/, 'framerate:-25\r\na=framesize:96 -640--360\r\na=x-dimensions:-1,-1'),
  },
  { name: 'control-bytes', sdp: (right) => right.replace(/s=.*/, 's=\u0000\u001b[2J\u0007') },
  { name: 'title-as-log-line', sdp: (right) => right.replace(/s=.*/, `s=${FAKE_LINE}\r\ni=${FAKE_LINE}`) },
];
