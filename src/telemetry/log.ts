import { pino, type Logger, type LoggerOptions } from 'pino';
import { redact } from '../shared/redact.js';

export type Log = Pick<Logger, 'debug' | 'info' | 'warn' | 'error' | 'fatal'>;

export interface ProcessLog extends Logger {
  /** Gives up the lines that nobody has read by now: the exit of the process would wait for ever to write them. */
  abandonUnread(): void;
}

/** Most bytes of lines that wait for a reader who stalls: some 5,000 lines. Newer ones are dropped, and counted. */
export const MAX_UNREAD_BYTES = 1 << 20;

/**
 * JSON lines on stdout. Every string of a line passes through the redaction, so that no field can carry a password out.
 * @param dropped called for each line that found no place: nobody reads, or the disk is full
 */
export function createLog(level: string, dropped: () => void = () => undefined): ProcessLog {
  const options: LoggerOptions = {
    level,
    base: null,
    timestamp: pino.stdTimeFunctions.isoTime,
    hooks: {
      logMethod(args, method) {
        method.apply(this, args.map((arg) => redactDeep(arg, 0)) as typeof args);
      },
    },
  };
  // Not `sync`: a full pipe would stop the whole service.
  const stdout = pino.destination({ fd: 1, sync: false, maxLength: MAX_UNREAD_BYTES });
  stdout.on('drop', dropped);
  outliveFullDisk(stdout);
  return Object.assign(pino(options, stdout), {
    abandonUnread: () => {
      // pino calls this at the exit of the process.
      stdout.flushSync = () => undefined;
    },
  });
}

/**
 * A disk that is full, or a terminal that was closed, must cost lines and no more: pino lets such an error end the process, and tries
 * for ever to write the rest before. What cannot be written waits, bounded as above, and is tried again with each new line.
 */
function outliveFullDisk(stdout: ReturnType<typeof pino.destination>): void {
  const flushSync = stdout.flushSync.bind(stdout);
  stdout.on('error', () => {
    stdout.flushSync = () => undefined;
  });
  stdout.on('drain', () => {
    stdout.flushSync = flushSync;
  });
}

/** Objects deeper than this are not logged by this service; what is below is left out. */
const MAX_DEPTH = 4;

/** A value under such a key has nothing in itself by which `redact` could know it. */
const SECRET_KEY = /passw|pwd|secret|token|authorization|cookie/i;

function redactDeep(value: unknown, level: number): unknown {
  if (typeof value === 'string') return redact(value);
  if (value instanceof Error)
    return { type: value.name, message: redact(value.message), stack: redact(value.stack ?? '') };
  if (typeof value !== 'object' || value === null) return value;
  if (level >= MAX_DEPTH) return '...';
  if (Array.isArray(value)) return value.map((item) => redactDeep(item, level + 1));
  return Object.fromEntries(
    Object.entries(value).map(([key, item]) => [
      redact(key),
      SECRET_KEY.test(key) ? '***' : redactDeep(item, level + 1),
    ]),
  );
}
