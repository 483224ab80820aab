import type { CameraErrorCode } from '../../src/shared/errors.js';

/** How an FFmpeg process ended, as far as it can be seen from outside. */
export interface FfmpegEnd {
  /** `null` when it never started or a signal ended it. */
  readonly exitCode: number | null;
  readonly signal: NodeJS.Signals | null;
  /** `ENOENT`, `EACCES`, ...: the process could not be started at all. */
  readonly spawnError: string | null;
  /** Last part of stderr, redacted. */
  readonly stderr: string;
  readonly framesSeen: boolean;
  /** It ran for as long as its own socket timeout or longer. */
  readonly timedOut: boolean;
}

/** FFmpeg follows redirects to wherever they lead (and FFmpeg 4 for ever, thousands of times a second): it is killed for this line. */
export const REDIRECT = /Status 3(?:\d\d|xx): Redirecting to /;
/** In the place of that line when FFmpeg was stopped before it could write it (redirect-guard.ts). */
export const REDIRECTING = 'Status 3xx: Redirecting to another address, which was not dialled';

/**
 * FFmpeg's words to stable codes, first match wins. Builds word things differently: 4.x prints `Server returned 404 Not Found`
 * and newer ones `method DESCRIBE failed: 404 Not Found` as well; both spell errno texts as libc does.
 */
const WORDS: readonly (readonly [RegExp, CameraErrorCode])[] = [
  [/^setpriv: /m, 'ffmpeg_missing'],
  [/\b401 Unauthorized|Server returned 401/i, 'unauthorized'],
  [/\b403 Forbidden|Server returned 403/i, 'forbidden'],
  [/\b404 Not Found|Server returned 404|\b454 Session Not Found/i, 'not_found'],
  [/failed: 453\b|453 Not Enough Bandwidth/i, 'busy'],
  [/failed: 503\b|503 Service Unavailable|Server returned 5XX/i, 'unavailable'],
  [/Connection refused/i, 'refused'],
  [/No route to host|Network is unreachable|Host is unreachable/i, 'unreachable'],
  [/Failed to resolve hostname|Name or service not known|Temporary failure in name resolution/i, 'dns'],
  [/Protocol '[^']*' not on whitelist|Protocol not found/i, 'redirected'],
  [
    /failed: 461\b|Nonmatching transport|Unsupported transport|failed: 4\d\d\b|Server returned 4/i,
    'protocol',
  ],
  [
    /matches no streams|does not contain any stream|Could not find codec parameters|Decoder .* not found/i,
    'no_video',
  ],
  [/Connection timed out|Operation timed out/i, 'open_timeout'],
  [/Connection reset by peer|Broken pipe|End of file|Input\/output error/i, 'disconnected'],
];

/** Names the reason for an end that nobody asked for. */
export function classifyEnd(end: FfmpegEnd): CameraErrorCode {
  if (end.spawnError) return 'ffmpeg_missing';
  if (REDIRECT.test(end.stderr)) return 'redirected';
  if (end.signal) return 'ffmpeg_crashed';
  if (end.framesSeen) {
    // After a live picture the same words mean the connection broke, whatever the last decoder error was.
    return /Connection timed out|Operation timed out/i.test(end.stderr) ? 'stall' : 'disconnected';
  }
  for (const [words, code] of WORDS) if (words.test(end.stderr)) return code;
  // Silence ends in the same words as garbage does, but not as soon.
  if (/Invalid data found when processing input/i.test(end.stderr))
    return end.timedOut ? 'open_timeout' : 'protocol';
  // A clean exit without a frame: the stream ended before the first picture.
  return end.exitCode === 0 ? 'disconnected' : 'ffmpeg_failed';
}

/** Shortest useful account of an end for the log: the last lines of stderr, or the exit itself. */
export function describeEnd(end: FfmpegEnd): string {
  if (end.spawnError) return end.spawnError;
  const lines = end.stderr.trim().split('\n').slice(-3).join(' | ').slice(-500);
  return lines || `exit ${end.exitCode ?? end.signal ?? 'unknown'}`;
}
