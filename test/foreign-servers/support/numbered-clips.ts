import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { frameNumberFilter } from '../../../bench/lib/frame-number.js';
import type { VideoCodec } from '../../../src/video/video-format.js';

/** Clips of all forms that cameras send, each picture with its number in it, as files that other servers can send. */

export const FPS = 25;
export const PICTURES = 500;
const WIDTH = 320;
const HEIGHT = 176;

export interface ClipKind {
  readonly codec: VideoCodec;
  /** FFmpeg's, behind `-c:v`. */
  readonly encoder: readonly string[];
}

/** A key frame a second, no scene cuts, no open GOPs: a client that comes at any time begins within a second. */
const x264 = (parameters: string, ...options: string[]): ClipKind => ({
  codec: 'h264',
  encoder: [
    ...['libx264', '-preset', 'ultrafast', '-g', '25', '-keyint_min', '25', '-sc_threshold', '0', ...options],
    ...['-x264-params', `threads=1:${parameters}`],
  ],
});

export const CLIPS = {
  'h264-one-slice': x264('slices=1:bframes=0', '-profile:v', 'baseline', '-pix_fmt', 'yuv420p'),
  'h264-sliced': x264('slices=4:bframes=0', '-profile:v', 'main', '-pix_fmt', 'yuv420p'),
  'h264-b-frames': x264('bframes=2:b-adapt=0:b-pyramid=0', '-profile:v', 'main', '-pix_fmt', 'yuv420p'),
  'h264-interlaced': x264('tff=1:bframes=0', '-pix_fmt', 'yuv420p', '-flags', '+ildct+ilme'),
  'h264-10-bit': x264('bframes=0', '-pix_fmt', 'yuv420p10le'),
  'h264-4:2:2': x264('bframes=0', '-pix_fmt', 'yuv422p'),
  h265: {
    codec: 'h265',
    encoder: [
      ...['libx265', '-preset', 'ultrafast', '-pix_fmt', 'yuv420p'],
      ...['-x265-params', 'keyint=25:min-keyint=25:scenecut=0:open-gop=0:bframes=0:log-level=error'],
    ],
  },
  jpeg: { codec: 'jpeg', encoder: ['mjpeg', '-q:v', '4', '-pix_fmt', 'yuvj420p', '-huffman', 'default'] },
  mpeg4: { codec: 'mpeg4', encoder: ['mpeg4', '-q:v', '4', '-g', '25', '-bf', '0', '-pix_fmt', 'yuv420p'] },
} as const satisfies Record<string, ClipKind>;

export type ClipName = keyof typeof CLIPS;
export const CLIP_NAMES = Object.keys(CLIPS) as ClipName[];

const run = promisify(execFile);

/** Encodes a clip into the folder. @returns the path of a Matroska file */
export async function encodeClip(name: ClipName, folder: string): Promise<string> {
  const file = join(folder, `${name.replaceAll(':', '')}.mkv`);
  const source = `testsrc2=size=${WIDTH}x${HEIGHT}:rate=${FPS},${frameNumberFilter(WIDTH, HEIGHT)}`;
  await run('ffmpeg', [
    ...['-hide_banner', '-nostdin', '-loglevel', 'error', '-f', 'lavfi', '-i', source],
    ...['-frames:v', String(PICTURES), '-c:v', ...CLIPS[name].encoder, '-y', file],
  ]);
  return file;
}

export const CLIP_SIZE = { width: WIDTH, height: HEIGHT };
