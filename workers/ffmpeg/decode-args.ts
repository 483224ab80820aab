import type { FfmpegBuild, PixelFormat } from '../../src/shared/worker-protocol.js';
import type { VideoCodec, VideoFormat } from '../../src/video/video-format.js';
import { TICKS_PER_SECOND } from './ivf.js';
import { MAX_PIXELS } from './limits.js';

interface Size {
  readonly width: number;
  readonly height: number;
}

/** What one FFmpeg process decodes, and into which sizes. */
export interface DecodeJob {
  readonly format: VideoFormat;
  /** Width to height of the picture as it is to be shown; `null`: as the stream says. */
  readonly aspect: number | null;
  readonly pixels: PixelFormat;
  /** At least one; even. */
  readonly sizes: readonly Size[];
  readonly skipLoopFilter: boolean;
}

/** Descriptors of the child: 0 access units, 1 nothing, 2 its log, 3 times of the pictures, 4.. one for each size. */
export const TIMES_FD = 3;
export const FIRST_OUTPUT_FD = 4;

/** FFmpeg's names of its decoders. */
const DECODERS: Readonly<Record<VideoCodec, string>> = {
  h264: 'h264',
  h265: 'hevc',
  jpeg: 'mjpeg',
  mpeg4: 'mpeg4',
};

/** FFmpeg's arguments for a job. Pure. */
export function ffmpegArgs(job: DecodeJob, { hasFpsMode }: Pick<FfmpegBuild, 'hasFpsMode'>): string[] {
  const output = [
    // Of the output's encoder: from FFmpeg 5.1 on it runs in frame threads, and holds each frame back until the next one comes.
    ...['-threads', '1'],
    // Raw video is a constant-rate format to FFmpeg: without this it duplicates frames.
    ...(hasFpsMode ? ['-fps_mode', 'passthrough'] : ['-vsync', '0']),
  ];
  return [
    ...['-hide_banner', '-nostdin', '-nostats', '-loglevel', 'level+error'],
    // One thread decodes a substream faster than it can be shared out, and frame threads would add a frame of delay each.
    ...['-threads', '1', '-filter_threads', '1', '-filter_complex_threads', '1'],
    // Not `-fflags nobuffer`: from a pipe it throws the whole first group of pictures away.
    ...['-flags', 'low_delay', '-probesize', '32', '-analyzeduration', '0'],
    // The times that go in are those that come out.
    '-copyts',
    ...['-max_pixels', String(MAX_PIXELS)],
    ...(job.skipLoopFilter ? ['-skip_loop_filter', 'all'] : []),
    ...['-protocol_whitelist', 'pipe', '-c:v', DECODERS[job.format.codec], '-f', 'ivf', '-i', 'pipe:0'],
    ...['-filter_complex', filterGraph(job)],
    // First of the outputs, so that a picture's time is there when its frame is whole.
    ...['-map', '[times]', '-f', 'mkvtimestamp_v2', '-enc_time_base', `1:${TICKS_PER_SECOND}`],
    ...['-flush_packets', '1', ...output, `pipe:${TIMES_FD}`],
    ...job.sizes.flatMap((_, i) => [
      ...['-map', `[o${i}]`, '-f', 'rawvideo', ...output, `pipe:${FIRST_OUTPUT_FD + i}`],
    ]),
  ];
}

/** The picture that only gives its time is as small as 4:2:0 allows: cropping copies nothing. */
const TIMES_CHAIN = 'crop=2:2:0:0';

function filterGraph(job: DecodeJob): string {
  const outputs = job.sizes.map((size, i) => ({ label: `o${i}`, chain: outputChain(job, size) }));
  const branches = [{ label: 'times', chain: TIMES_CHAIN }, ...outputs];
  return [
    `[0:v:0]${deinterlacer(job.format)}split=${branches.length}${branches.map(({ label }) => `[${label}_in]`).join('')}`,
    ...branches.map(({ label, chain }) => `[${label}_in]${chain}[${label}]`),
  ].join(';');
}

/** Of those pictures that are flagged as interlaced. It waits for the next picture, so streams that have none go without. */
const deinterlacer = ({ interlaced }: VideoFormat): string =>
  interlaced ? 'yadif=mode=send_frame:deint=interlaced,' : '';

/**
 * Scales into the size keeping the shape of the picture (non-square pixels included) and centres it on black. The scaler is `area`:
 * from 1080p a tenth dearer than `fast_bilinear` and a fifth cheaper than the default, without the jagged edges and the noise
 * that the former leaves, which cost bytes in every JPEG as well (bench/decode-flags). YUV keeps the source's range and matrix:
 * the worker converts both in a tenth of the scaler's time.
 */
function outputChain({ format, aspect, pixels }: DecodeJob, size: Size): string {
  const inside = fitInside(shapeOf(format, aspect), size);
  const isFull = inside.width === size.width && inside.height === size.height;
  const pad = isFull ? '' : `,pad=${size.width}:${size.height}:(ow-iw)/2:(oh-ih)/2:black`;
  const scale = `scale=${inside.width}:${inside.height}:flags=area`;
  if (pixels === 'rgb24') return `${scale}${rgbSource(format)},format=rgb24${pad}`;
  const { range, layout } = format.fullRange
    ? { range: 'full', layout: 'yuvj420p' }
    : { range: 'limited', layout: 'yuv420p' };
  // RGB has no range to keep: it becomes limited BT.601.
  if (format.matrix === 'rgb') return `${scale}:out_range=limited,format=yuv420p${pad}`;
  return `${scale}:in_range=${range}:out_range=${range},format=${layout}${pad}`;
}

const SCALER_MATRICES: Partial<Record<VideoFormat['matrix'], string>> = {
  bt601: 'bt601',
  bt709: 'bt709',
  bt2020: 'bt2020',
};

function rgbSource({ matrix, fullRange }: VideoFormat): string {
  if (matrix === 'rgb') return '';
  return `:in_color_matrix=${SCALER_MATRICES[matrix] ?? 'bt601'}:in_range=${fullRange ? 'full' : 'limited'}`;
}

/** Width to height of the picture as it is shown. */
export const shapeOf = ({ width, height, sampleAspect }: VideoFormat, aspect: number | null): number =>
  aspect ?? (width * sampleAspect.width) / (height * sampleAspect.height);

/** The largest even size of a shape inside another size. */
export function fitInside(shape: number, { width, height }: Size): Size {
  const even = (length: number, most: number): number =>
    Math.min(most, Math.max(2, 2 * Math.round(length / 2)));
  return shape >= width / height
    ? { width, height: even(width / shape, height) }
    : { width: even(height * shape, width), height };
}
