import type { PassedFormat } from '../src/shared/worker-protocol.js';
import type { VideoFormat } from '../src/video/video-format.js';

/** Shapes that differ by less than this are the same: sizes are whole pixels. */
const SAME_SHAPE = 0.01;

/**
 * What viewers are told of video that they get as it came; `null` for a codec that is not passed through.
 * @param aspect width to height of the picture as it is to be shown; `null`: as the stream says
 */
export function passedFormat(format: VideoFormat, aspect: number | null): PassedFormat | null {
  const { codec, codecString, width, height, sampleAspect, matrix, fullRange } = format;
  if (codec !== 'h264' && codec !== 'h265') return null;
  const coded = width / height;
  const shown = aspect ?? (coded * sampleAspect.width) / sampleAspect.height;
  const colours = matrix === 'unspecified' ? ({ bt601: fullRange ? 'full' : 'limited' } as const) : {};
  const passed = { codec, codecString, width, height, ...colours };
  if (Math.abs(shown / coded - 1) < SAME_SHAPE) return passed;
  // The side that is stretched: no sample is thrown away by showing it.
  return shown > coded
    ? { ...passed, displayWidth: Math.round(height * shown), displayHeight: height }
    : { ...passed, displayWidth: width, displayHeight: Math.round(width / shown) };
}
