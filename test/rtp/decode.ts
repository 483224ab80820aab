import { delimiterOf } from '../../src/video/annex-b.js';
import type { AccessUnit } from '../../src/video/access-unit.js';
import type { VideoCodec } from '../../src/video/video-format.js';
import { CHOSEN_FFMPEG } from '../support/ffmpegs.js';
import { run } from '../video/encode.js';

const FORMATS: Readonly<Record<VideoCodec, string>> = {
  h264: 'h264',
  h265: 'hevc',
  jpeg: 'mjpeg',
  mpeg4: 'm4v',
};

/** A hash of each picture that FFmpeg decodes, in the order of display. */
export function pictureHashes(codec: VideoCodec, stream: Uint8Array): string[] {
  const args = ['-loglevel', 'quiet', '-nostdin', '-threads', '1', '-f', FORMATS[codec], '-i', 'pipe:0'];
  const out = run(
    CHOSEN_FFMPEG.path,
    [...args, '-vsync', '0', '-f', 'framemd5', 'pipe:1'],
    stream,
  ).toString();
  const lines = out.split('\n').filter((line) => line !== '' && !line.startsWith('#'));
  return lines.map((line) => line.split(',').at(-1)?.trim() ?? '');
}

/** As the service writes units to FFmpeg: a delimiter behind each. */
export const written = (codec: VideoCodec, units: readonly AccessUnit[]): Buffer =>
  Buffer.concat(units.flatMap(({ data }) => [data, delimiterOf(codec)]));
