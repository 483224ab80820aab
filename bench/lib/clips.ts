import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, renameSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import bundled from '@ffmpeg-installer/ffmpeg';

/** Frames of a clip, at 25 a second; few of them are decoded before the decoder is at its pace, so quick is rough. */
export const clipFrames = (isQuick: boolean): number => (isQuick ? 400 : 2000);

/**
 * An H.264 file as a camera would send it (no B frames, one slice a frame, a key frame a second) with a moving pattern under sensor
 * noise, which costs the decoder about what surveillance footage of that bitrate does. Made once, kept in the temporary folder.
 */
export function h264Clip(width: number, height: number, kbits: number, frames: number): string {
  const folder = join(tmpdir(), 'rtsp-stream-ws-bench');
  mkdirSync(folder, { recursive: true });
  const name = `camera-${width}x${height}-${kbits}k-${frames}.h264`;
  const file = join(folder, name);
  if (existsSync(file)) return file;
  console.error(`encoding ${name} ...`);
  const part = `${file}.${process.pid}`;
  execFileSync(bundled.path, [
    ...['-v', 'error', '-f', 'lavfi', '-i', `testsrc2=s=${width}x${height}:r=25`],
    ...['-frames:v', String(frames), '-vf', 'noise=alls=8:allf=t', '-pix_fmt', 'yuv420p'],
    ...['-c:v', 'libx264', '-preset', 'veryfast', '-tune', 'zerolatency', '-g', '25', '-b:v', `${kbits}k`],
    // x264 would take the noise for cuts, with a key frame at each, and cut frames into slices for its threads.
    ...['-keyint_min', '25', '-sc_threshold', '0', '-x264-params', 'sliced-threads=0'],
    ...['-maxrate', `${kbits}k`, '-bufsize', `${kbits}k`, '-f', 'h264', '-y', part],
  ]);
  renameSync(part, file);
  return file;
}
