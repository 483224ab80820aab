import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createEncoder } from '../../workers/jpeg-encoder.js';
import { findFfmpeg } from '../../src/decoding/ffmpeg-build.js';
import type { FfmpegBuild, PixelFormat } from '../../src/shared/worker-protocol.js';
import { decodeFile } from './decode-file.js';
import { JpegSplitter } from '../baseline/jpeg-splitter.js';

/**
 * One way from a file to JPEGs, run to its end in this process and its children, all on the core that it was pinned to:
 * `node stage.js '<json>'` prints `{"frames":N,"ms":M}`. Frames are counted against wall time on a saturated core, because
 * process CPU times are sampled and lie for short bursts.
 */
export interface StageRequest {
  readonly ffmpeg: string;
  readonly file: string;
  readonly way: 'decode' | 'encode' | 'ours' | 'rgb' | 'rgb-bicubic' | 'mjpeg';
  readonly sizes: readonly { readonly width: number; readonly height: number }[];
  readonly quality: number;
  /** Frames that the encode loop makes. */
  readonly encodeFrames: number;
}

async function main(request: StageRequest): Promise<{ frames: number; ms: number }> {
  const build: FfmpegBuild = { ...(await findFfmpeg(request.ffmpeg)), launcher: [] };
  switch (request.way) {
    case 'decode':
      return decodeOnly(request);
    case 'encode':
      return encodeOnly(request, build);
    case 'mjpeg':
      return ffmpegMjpeg(request);
    case 'ours':
      return pipeline(request, build, 'yuv420p', (args) => args);
    case 'rgb':
      return pipeline(request, build, 'rgb24', (args) => args);
    case 'rgb-bicubic':
      return pipeline(request, build, 'rgb24', (args) =>
        args.map((arg) => arg.replaceAll(':flags=area', '')),
      );
  }
}

/** The floor's first half: FFmpeg decodes, and throws the pictures away. */
async function decodeOnly({ ffmpeg, file }: StageRequest): Promise<{ frames: number; ms: number }> {
  const start = performance.now();
  const args = [
    '-v',
    'error',
    '-threads',
    '1',
    '-i',
    file,
    '-vsync',
    '0',
    '-f',
    'rawvideo',
    '-y',
    '/dev/null',
    '-progress',
    'pipe:1',
  ];
  const child = spawn(ffmpeg, args, { stdio: ['ignore', 'pipe', 'ignore'] });
  let text = '';
  child.stdout.setEncoding('utf8').on('data', (chunk: string) => (text += chunk));
  await once(child, 'close');
  const frames = Number([...text.matchAll(/^frame=\s*(\d+)/gm)].at(-1)?.[1]);
  return { frames, ms: performance.now() - start };
}

/** The floor's second half: the encoder alone, over pictures that are in memory already. */
async function encodeOnly(
  request: StageRequest,
  build: FfmpegBuild,
): Promise<{ frames: number; ms: number }> {
  const [size] = request.sizes;
  if (!size) throw new Error('no size');
  const pictures: Uint8Array[] = [];
  const keep = (frame: Uint8Array): void => {
    if (pictures.length < 50) pictures.push(frame.slice());
  };
  const { file, sizes } = request;
  await decodeFile({ file, sizes, pixels: 'yuv420p', change: (args) => args }, build, (_, frame) => {
    keep(frame);
  });
  const encoder = createEncoder('yuv420p', size.width, size.height);
  const start = performance.now();
  for (let i = 0; i < request.encodeFrames; i++) {
    const picture = pictures[i % pictures.length];
    if (picture) encoder.encode(picture, request.quality);
  }
  return { frames: request.encodeFrames, ms: performance.now() - start };
}

async function pipeline(
  request: StageRequest,
  build: FfmpegBuild,
  pixels: PixelFormat,
  change: (args: string[]) => string[],
): Promise<{ frames: number; ms: number }> {
  const encoders = request.sizes.map(({ width, height }) => createEncoder(pixels, width, height));
  let frames = 0;
  const start = performance.now();
  const { file, sizes } = request;
  await decodeFile({ file, sizes, pixels, change }, build, (index, frame) => {
    if (index === 0) frames++;
    encoders[index]?.encode(frame, request.quality);
  });
  return { frames, ms: performance.now() - start };
}

/** What most scripts do: FFmpeg's own encoder into a pipe, cut at the markers. */
async function ffmpegMjpeg({ ffmpeg, file, sizes }: StageRequest): Promise<{ frames: number; ms: number }> {
  const [size] = sizes;
  const start = performance.now();
  const scale = `scale=${size?.width ?? 640}:${size?.height ?? 360}`;
  // The baseline's quality: about the bytes of libjpeg's 50.
  const args = [
    '-v',
    'error',
    '-threads',
    '1',
    '-i',
    file,
    '-vf',
    scale,
    '-vsync',
    '0',
    '-f',
    'mjpeg',
    '-q:v',
    '9',
    'pipe:1',
  ];
  const child = spawn(ffmpeg, args, { stdio: ['ignore', 'pipe', 'ignore'] });
  const splitter = new JpegSplitter();
  let frames = 0;
  child.stdout.on('data', (chunk: Buffer) => (frames += splitter.push(chunk).length));
  await once(child, 'close');
  return { frames, ms: performance.now() - start };
}

const result = await main(JSON.parse(process.argv[2] ?? '{}') as StageRequest);
console.log(JSON.stringify(result));
