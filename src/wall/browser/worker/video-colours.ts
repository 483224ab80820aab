import type { VideoDescription } from '../../tile-video.js';

/**
 * What a decoder is told of the colours of a stream that does not name them: else browsers take it for BT.709, and a tile that changes to
 * JPEG, which is made of BT.601, changes its colours. Primaries and transfer are those of JPEG, so that nothing but the matrix counts.
 */
export function assumedColours({
  bt601,
}: Pick<VideoDescription, 'bt601'>): Pick<VideoDecoderConfig, 'colorSpace'> {
  if (bt601 === undefined) return {};
  return {
    colorSpace: {
      primaries: 'bt709',
      transfer: 'bt709',
      matrix: 'smpte170m',
      fullRange: bt601 === 'full',
    },
  };
}
