import type { CameraErrorCode } from '../../src/shared/errors.js';
import { NO_ROOM } from '../../src/shared/no-room.js';

/** How an FFmpeg process ended, as far as it can be seen from outside. */
export interface FfmpegEnd {
  /** `null` when it never started or a signal ended it. */
  readonly exitCode: number | null;
  readonly signal: NodeJS.Signals | null;
  /** `ENOENT`, `EACCES`, `EAGAIN`, ...: the process could not be started at all. */
  readonly spawnError: string | null;
  /** Last part of stderr, redacted. */
  readonly stderr: string;
  readonly framesSeen: boolean;
}

/** FFmpeg's words for what is in the data that it was given. All generations have the same. */
const DATA_FAULTS =
  /exceeds specified max pixel count|Invalid data found|Could not find codec parameters|Cannot allocate memory|get_buffer\(\) failed|Picture size \d+x\d+ is invalid/i;

/** Names the reason for an end that nobody asked for. */
export function classifyEnd(end: FfmpegEnd): CameraErrorCode {
  if (end.spawnError !== null) return NO_ROOM.has(end.spawnError) ? 'no_process' : 'ffmpeg_missing';
  if (/^setpriv: /m.test(end.stderr)) return 'ffmpeg_missing';
  // It worked at the start: the limit of namespaces is reached.
  if (/^unshare: /m.test(end.stderr)) return 'no_process';
  if (end.signal) return 'ffmpeg_crashed';
  return DATA_FAULTS.test(end.stderr) ? 'bad_data' : 'ffmpeg_failed';
}

/** Shortest useful account of an end for the log: the last lines of stderr, or the exit itself. */
export function describeEnd(end: FfmpegEnd): string {
  if (end.spawnError) return end.spawnError;
  return lastLines(end.stderr) || `exit ${end.exitCode ?? end.signal ?? 'unknown'}`;
}

/** `[h264 @ 0x55a00bbf7600] [error] `: nothing for people. */
const PREFIX = /^(?:\[[^\]]* @ 0x[0-9a-f]+\] )*\[\w+\] /;
const MOST_LINES = 5;

/** The end of FFmpeg's log in one line, each of its words once: it says the same of every picture. */
export function lastLines(stderr: string): string {
  const lines = stderr
    .trim()
    .split('\n')
    .map((line) => line.replace(PREFIX, ''));
  return [...new Set(lines.reverse())].slice(0, MOST_LINES).reverse().join(' | ').slice(-500);
}
