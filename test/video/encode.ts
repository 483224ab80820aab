import { spawnSync } from 'node:child_process';

/** A stream as an FFmpeg makes it, for comparison with what this service reads in it. */
export interface Encoding {
  /** `-i` and what goes before it, or a lavfi picture source. */
  readonly source?: string;
  /** What goes between the source and the output: filters, encoder, its options. */
  readonly options: readonly string[];
  /** Format of the elementary stream. */
  readonly format: 'h264' | 'hevc' | 'mjpeg' | 'm4v';
  readonly frames?: number;
}

const ENCODE_TIMEOUT_MS = 60_000;

/** Encodes test pictures; the elementary stream. */
export function encode(ffmpeg: string, encoding: Encoding): Buffer {
  const { source = 'testsrc2=size=320x240:rate=25', options, format, frames = 3 } = encoding;
  return run(ffmpeg, [
    ...['-hide_banner', '-loglevel', 'error', '-nostdin', '-f', 'lavfi', '-i', source],
    ...['-threads', '1', ...options],
    ...['-frames:v', String(frames), '-bitexact', '-f', format, 'pipe:1'],
  ]);
}

/** Runs an FFmpeg program to its end; its standard output. */
export function run(program: string, args: readonly string[], input?: Uint8Array): Buffer {
  const result = spawnSync(program, args, {
    ...(input === undefined ? {} : { input }),
    maxBuffer: 512 * 1024 * 1024,
    timeout: ENCODE_TIMEOUT_MS,
  });
  if (result.error !== undefined) throw result.error;
  if (result.status !== 0) {
    throw new Error(`${program} ${args.join(' ')} ended with ${result.status}: ${result.stderr.toString()}`);
  }
  return result.stdout;
}
