import jpegTurbo from 'jpeg-turbo';
import { frameNumberFilter } from '../../bench/lib/frame-number.js';
import { encodeUnits, type SourceUnit } from '../rtp/streams.js';
import { run } from '../video/encode.js';
import { CHOSEN_FFMPEG } from './ffmpegs.js';

/** Streams whose pictures carry their numbers, for a UnitCamera, and what a right decoder makes of them. */

export const UNIT_SIZE = { width: 320, height: 180 } as const;

export interface Encoding {
  readonly codec: 'h264' | 'h265';
  readonly pictures: number;
  readonly fps: number;
  /** Of x264 or x265, beside those that make the stream one of a camera. */
  readonly params: string;
}

/** Pictures with delimiters cut off and parameter sets in front of key frames. */
export function numberedUnits({ codec, pictures, fps, params }: Encoding): SourceUnit[] {
  const { width, height } = UNIT_SIZE;
  const encoder =
    codec === 'h264'
      ? [
          '-c:v',
          'libx264',
          '-preset',
          'veryfast',
          '-x264-params',
          `aud=1:scenecut=0:sliced-threads=0:${params}`,
        ]
      : [
          ...['-c:v', 'libx265', '-preset', 'ultrafast', '-x265-params'],
          `log-level=none:pools=1:frame-threads=1:aud=1:scenecut=0:repeat-headers=1:${params}`,
        ];
  return encodeUnits(codec, CHOSEN_FFMPEG.path, {
    source: `testsrc2=size=${width}x${height}:rate=${fps},format=yuv420p,${frameNumberFilter(width, height)}`,
    options: ['-pix_fmt', 'yuv420p', ...encoder],
    format: codec === 'h264' ? 'h264' : 'hevc',
    frames: pictures,
  });
}

/** Brightness of all pictures in the order of display, decoded without any loss. */
export function lumaOf(codec: Encoding['codec'], units: readonly SourceUnit[]): Uint8Array[] {
  const stream = Buffer.concat(
    units.flatMap(({ all }) => all.flatMap((nal) => [Buffer.of(0, 0, 0, 1), nal])),
  );
  const raw = run(
    CHOSEN_FFMPEG.path,
    [
      ...['-loglevel', 'error', '-nostdin', '-f', codec === 'h264' ? 'h264' : 'hevc', '-i', 'pipe:0'],
      // As in the service's JPEGs.
      ...[
        '-vsync',
        '0',
        '-vf',
        'scale=in_range=limited:out_range=full,format=gray',
        '-f',
        'rawvideo',
        'pipe:1',
      ],
    ],
    stream,
  );
  const size = UNIT_SIZE.width * UNIT_SIZE.height;
  return Array.from({ length: raw.length / size }, (_, i) => raw.subarray(i * size, (i + 1) * size));
}

const BLOCK = 20;

/** How far a JPEG is from a picture where it is farthest: mean difference of the worst block, of 255. */
export function worstBlock(jpeg: Uint8Array, luma: Uint8Array): number {
  const { width, height, data } = jpegTurbo.decompressSync(Buffer.from(jpeg), {
    format: jpegTurbo.FORMAT_GRAY,
  });
  if (width !== UNIT_SIZE.width || height !== UNIT_SIZE.height) return Infinity;
  let worst = 0;
  for (let top = 0; top < height; top += BLOCK)
    for (let left = 0; left < width; left += BLOCK) {
      let sum = 0;
      for (let y = top; y < top + BLOCK; y++)
        for (let x = left; x < left + BLOCK; x++)
          sum += Math.abs((data[y * width + x] ?? 0) - (luma[y * width + x] ?? 0));
      worst = Math.max(worst, sum / BLOCK ** 2);
    }
  return worst;
}
