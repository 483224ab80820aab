import type { VideoCodec } from '../video/video-format.js';

/** What the SDP says of one video track, as far as its RTP packets need it. */
export interface RtpTrack {
  readonly codec: VideoCodec;
  /** 0 to 127. */
  readonly payloadType: number;
  /** Ticks of the RTP timestamp in a second; 90,000 for all four codecs unless the `rtpmap` says otherwise. */
  readonly clockRate: number;
  /**
   * Decoded from base64 or hex, without start codes, in any order: H.264 `sprop-parameter-sets`, H.265 `sprop-vps`,
   * `sprop-sps` and `sprop-pps`, MPEG-4 `config` (one entry). Empty if the SDP has none; unusable ones are passed over.
   */
  readonly parameterSets: readonly Uint8Array[];
  /** H.265 `sprop-max-don-diff` above 0: packets carry decoding order numbers (RFC 7798, 4.4). */
  readonly hasDecodingOrderNumbers?: boolean;
  /** JPEG of more than 2040 pixels: `a=framesize:26 2560-1440` (RFC 6064) or `a=x-dimensions:2560,1440`. */
  readonly frameSize?: { readonly width: number; readonly height: number };
}
