import { H264_NAL, h264Type } from '../video/h264-nal.js';
import { h264Format, parseH264Sps } from '../video/h264-sps.js';
import { H265_NAL, h265Type } from '../video/h265-nal.js';
import { h265Format, parseH265Sps } from '../video/h265-sps.js';
import { mpeg4Format } from '../video/mpeg4-vol.js';
import { FormatError, type VideoFormat } from '../video/video-format.js';
import type { RtpTrack } from './track.js';

const NO_SETS = new Uint8Array(0);

/**
 * The pictures that a track's SDP announces; `null` if it does not say (JPEG, parameter sets in the stream alone, unusable ones). What
 * comes may be something else: cameras exist whose SDP is of other settings, or of another codec. Its `parameterSets` are empty.
 */
export function declaredFormat({ codec, parameterSets }: RtpTrack): VideoFormat | null {
  try {
    return formatOf(codec, parameterSets);
  } catch (error) {
    if (error instanceof FormatError) return null;
    throw error;
  }
}

function formatOf(codec: RtpTrack['codec'], sets: RtpTrack['parameterSets']): VideoFormat | null {
  const find = (isSought: (first: number) => boolean): Uint8Array | undefined =>
    sets.find(([first]) => first !== undefined && isSought(first));
  switch (codec) {
    case 'h264': {
      const sps = find((first) => h264Type(first) === H264_NAL.sps);
      return sps ? h264Format(parseH264Sps(sps), NO_SETS) : null;
    }
    case 'h265': {
      const sps = find((first) => h265Type(first) === H265_NAL.sps);
      return sps ? h265Format(parseH265Sps(sps), NO_SETS) : null;
    }
    case 'mpeg4': {
      const [config] = sets;
      return config ? { ...mpeg4Format(Uint8Array.from(config)), parameterSets: NO_SETS } : null;
    }
    case 'jpeg':
      return null;
  }
}
