import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFrameNumber } from '../../../bench/lib/frame-number.js';
import type { VideoCodec } from '../../../src/video/video-format.js';

const DEMUXERS: Readonly<Record<VideoCodec, string>> = {
  h264: 'h264',
  h265: 'hevc',
  jpeg: 'mjpeg',
  mpeg4: 'm4v',
};

/**
 * Decodes access units with FFmpeg as one elementary stream.
 * @param ffmpeg path or name of the program
 * @returns the number that each picture shows, in the order of display; null for one that cannot be read
 */
export async function numbersOf(
  ffmpeg: string,
  units: readonly { readonly codec: VideoCodec; readonly data: Uint8Array }[],
  { width, height }: { readonly width: number; readonly height: number },
): Promise<(number | null)[]> {
  const codec = units[0]?.codec ?? 'h264';
  const child = spawn(
    ffmpeg,
    [
      ...['-hide_banner', '-loglevel', 'error', '-f', DEMUXERS[codec], '-i', 'pipe:0'],
      ...['-vsync', 'passthrough', '-f', 'rawvideo', '-pix_fmt', 'gray', 'pipe:1'],
    ],
    { stdio: ['pipe', 'pipe', 'pipe'] },
  );
  const closed = once(child, 'close');
  const pictures: Buffer[] = [];
  let complaints = '';
  child.stdout.on('data', (chunk: Buffer) => pictures.push(chunk));
  child.stderr
    .setEncoding('utf8')
    .on('data', (text: string) => (complaints = (complaints + text).slice(-2000)));
  child.stdin.on('error', () => undefined);
  child.stdin.end(Buffer.concat(units.map(({ data }) => data)));
  await closed;
  const luma = Buffer.concat(pictures);
  const size = width * height;
  if (luma.length % size !== 0) throw new Error(`${luma.length} bytes are no pictures: ${complaints}`);
  return Array.from({ length: luma.length / size }, (_, i) =>
    readFrameNumber(luma.subarray(i * size, (i + 1) * size), width, height),
  );
}
