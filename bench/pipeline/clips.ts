import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, renameSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import bundled from '@ffmpeg-installer/ffmpeg';
import { isQuick } from '../lib/paths.js';

/** Frames of a clip, at 25 a second; few of them are decoded before the decoder is at its pace, so quick is rough. */
export const CLIP_FRAMES = isQuick ? 400 : 2000;

/**
 * Where a clip's key frames are. x264 takes the noise for cuts and puts one in about every seventh frame, in slices as many as it
 * has threads; `a second` is one in 25 and one slice a frame, as a camera sends.
 */
export type KeyFrames = 'at cuts' | 'a second';

const KEY_FRAME_ARGS: Readonly<Record<KeyFrames, readonly string[]>> = {
  'at cuts': [],
  'a second': ['-keyint_min', '25', '-sc_threshold', '0', '-x264-params', 'sliced-threads=0'],
};
/** In the file's name: clips are kept. */
const SUFFIX: Readonly<Record<KeyFrames, string>> = { 'at cuts': '', 'a second': '-g25' };

/**
 * An H.264 file without B frames, as a camera would send it, with a moving pattern under sensor noise, which costs the decoder
 * about what surveillance footage of that bitrate does. Made once, kept in the temporary folder.
 */
export function h264Clip(
  width: number,
  height: number,
  kbits: number,
  keyFrames: KeyFrames = 'at cuts',
): string {
  const folder = join(tmpdir(), 'rtsp-stream-ws-bench');
  mkdirSync(folder, { recursive: true });
  const name = `noise-${width}x${height}-${kbits}k-${CLIP_FRAMES}${SUFFIX[keyFrames]}.h264`;
  const file = join(folder, name);
  if (existsSync(file)) return file;
  console.error(`encoding ${name} ...`);
  const part = `${file}.${process.pid}`;
  execFileSync(bundled.path, [
    ...['-v', 'error', '-f', 'lavfi', '-i', `testsrc2=s=${width}x${height}:r=25`],
    ...['-frames:v', String(CLIP_FRAMES), '-vf', 'noise=alls=8:allf=t', '-pix_fmt', 'yuv420p'],
    ...['-c:v', 'libx264', '-preset', 'veryfast', '-tune', 'zerolatency', '-g', '25', '-b:v', `${kbits}k`],
    ...KEY_FRAME_ARGS[keyFrames],
    ...['-maxrate', `${kbits}k`, '-bufsize', `${kbits}k`, '-f', 'h264', '-y', part],
  ]);
  renameSync(part, file);
  return file;
}
