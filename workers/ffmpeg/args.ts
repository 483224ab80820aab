import type { FfmpegBuild, PixelFormat, Source } from '../../src/shared/worker-protocol.js';

/** What one FFmpeg process decodes, and into which sizes. */
export interface DecodeJob {
  readonly source: Source;
  readonly pixels: PixelFormat;
  readonly sizes: readonly { readonly width: number; readonly height: number }[];
  readonly keyFramesOnly: boolean;
  readonly longProbe: boolean;
  readonly ioTimeoutMs: number;
  readonly skipLoopFilter: boolean;
}

/** File descriptor of the first output in the child; the others follow. 0-2 are stdin, stdout and stderr. */
export const FIRST_OUTPUT_FD = 3;

/**
 * FFmpeg's arguments for a job: pure, so that every generation's dialect is tested without a process.
 * Each output is raw frames on `pipe:3`, `pipe:4`, ... in the order of `job.sizes`.
 */
export function ffmpegArgs(job: DecodeJob, build: Pick<FfmpegBuild, 'avformat' | 'hasFpsMode'>): string[] {
  // FFmpeg 4 calls the socket timeout `stimeout`; its `timeout` would make it listen. Both count in microseconds.
  const timeout = build.avformat >= 59 ? '-timeout' : '-stimeout';
  return [
    // `info` because FFmpeg tells of a redirect on no other level; the rest of it is not kept.
    ...['-hide_banner', '-nostdin', '-nostats', '-loglevel', 'level+info'],
    // One thread decodes a substream faster than it can be shared out, and frame threads would add a frame of delay each.
    ...['-threads', '1', '-filter_threads', '1', '-filter_complex_threads', '1'],
    ...['-flags', 'low_delay'],
    // Not `-fflags nobuffer`: it throws away what was probed, which is the first key frame (a second late, for a key frame a second).
    // The short probe makes the first frame come some 60 ms after the key frame, the default one reads for more than a second.
    ...(job.longProbe ? [] : ['-probesize', '32', '-analyzeduration', '0']),
    ...(job.keyFramesOnly ? ['-skip_frame', 'nokey'] : []),
    ...(job.skipLoopFilter ? ['-skip_loop_filter', 'all'] : []),
    ...['-protocol_whitelist', 'rtsp,rtp,udp,tcp,tls,crypto'],
    ...['-rtsp_transport', job.source.transport, '-allowed_media_types', 'video'],
    ...[timeout, String(job.ioTimeoutMs * 1000)],
    ...['-f', 'rtsp', '-i', job.source.url],
    ...['-filter_complex', filterGraph(job)],
    ...job.sizes.flatMap((_, i) => [
      ...['-map', `[o${i}]`, '-f', 'rawvideo'],
      // Of the output's encoder: from FFmpeg 5.1 on it runs in frame threads, and holds each frame back until the next one comes.
      ...['-threads', '1'],
      // rawvideo is a constant-rate format to FFmpeg: without this it duplicates frames.
      ...(build.hasFpsMode ? ['-fps_mode', 'passthrough'] : ['-vsync', '0']),
      `pipe:${FIRST_OUTPUT_FD + i}`,
    ]),
  ];
}

function filterGraph(job: DecodeJob): string {
  const chains = job.sizes.map((size, i) => ({ label: `[o${i}]`, chain: outputChain(size, job.pixels) }));
  const [only] = chains;
  if (chains.length === 1 && only) return `[0:v:0]${only.chain}${only.label}`;
  const inputs = chains.map((_, i) => `[s${i}]`);
  return [
    `[0:v:0]split=${chains.length}${inputs.join('')}`,
    ...chains.map(({ chain, label }, i) => `[s${i}]${chain}${label}`),
  ].join(';');
}

/**
 * Scales into width x height keeping the display aspect (non-square pixels included) and centres it on black. The scaler is `area`:
 * from 1080p a tenth dearer than `fast_bilinear` and a fifth cheaper than the default, without the jagged edges and the noise
 * that the former leaves, which cost bytes in every JPEG as well (bench/decode-flags/main.ts). YUV keeps the source's range
 * (`yuvj420p` is full, `yuv420p` limited): the worker stretches it in a tenth of the scaler's time.
 */
function outputChain({ width, height }: { width: number; height: number }, pixels: PixelFormat): string {
  const aspect = `${width}/${height}`;
  const scale =
    `scale=w='if(gte(dar,${aspect}),${width},max(2,2*round(${height}*dar/2)))'` +
    `:h='if(gte(dar,${aspect}),max(2,2*round(${width}/dar/2)),${height})':flags=area`;
  const pad = `pad=${width}:${height}:(ow-iw)/2:(oh-ih)/2:black`;
  if (pixels === 'rgb24') return `${scale},format=rgb24,${pad}`;
  return `${scale},format=yuv420p|yuvj420p,${pad}`;
}
