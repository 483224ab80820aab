import { CLOCK_RATE, PAYLOAD_TYPE } from './rtp.js';

/** What a session description tells of the video. */
export interface SdpVideo {
  readonly sps: Buffer;
  readonly pps: Buffer;
  readonly fps: number;
  /** Bits a second. */
  readonly bitrate: number;
}

export const CONTROL = 'trackID=0';

/** Session description (RFC 4566) with the parameters of RFC 6184, 8.1. */
export function sessionDescription(host: string, name: string, video: SdpVideo): string {
  const family = host.includes(':') ? 'IP6' : 'IP4';
  const profile = video.sps.subarray(1, 4).toString('hex').toUpperCase();
  const sets = [video.sps, video.pps].map((set) => set.toString('base64')).join(',');
  return [
    'v=0',
    `o=- 1 1 IN ${family} ${host}`,
    `s=${name}`,
    `c=IN ${family} ${family === 'IP4' ? '0.0.0.0' : '::'}`,
    't=0 0',
    'a=range:npt=now-',
    'a=control:*',
    `m=video 0 RTP/AVP ${PAYLOAD_TYPE}`,
    `b=AS:${Math.ceil(video.bitrate / 1000)}`,
    `a=rtpmap:${PAYLOAD_TYPE} H264/${CLOCK_RATE}`,
    `a=fmtp:${PAYLOAD_TYPE} packetization-mode=1;profile-level-id=${profile};sprop-parameter-sets=${sets}`,
    `a=framerate:${video.fps}`,
    `a=control:${CONTROL}`,
    '',
  ].join('\r\n');
}
