import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import type { Readable } from 'node:stream';
import { assertSoleListener } from './port-check.js';

export interface ServerCommand {
  /** JavaScript file that Node runs. */
  readonly script: string;
  /** Flags for Node itself, such as `--expose-gc`. */
  readonly flags?: readonly string[];
  readonly args?: readonly string[];
  /** Added to a short list of inherited variables; PORT=0 and HOST=127.0.0.1 unless given. */
  readonly env?: Readonly<Record<string, string>>;
  readonly startTimeoutMs?: number;
  /** Also ends when this process was killed, which can stop nothing any more (bench/lib/exit-with-parent.ts). Default false. */
  readonly endsWithParent?: boolean;
}

export interface ServerExit {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  /** From SIGTERM to the end; 0 when it had ended by itself. */
  readonly stopMs: number;
  /** It did not end by SIGTERM in time. */
  readonly killed: boolean;
}

export interface ServerProcess {
  readonly port: number;
  /** `http://127.0.0.1:PORT` */
  readonly url: string;
  readonly pid: number;
  /** SIGTERM, SIGKILL after 8 s. A second call gives the same answer. */
  stop(): Promise<ServerExit>;
  /** Resolves when the process has ended, however that came. */
  readonly exited: Promise<void>;
  /** Its newest output, stdout and stderr as they came: at most 2,000 lines. */
  log(): string;
}

/** What a server under test inherits: its settings come from the caller alone, so that two runs are comparable. */
const INHERITED = ['PATH', 'HOME', 'LANG', 'TMPDIR', 'FFMPEG_PATH', 'NODE_V8_COVERAGE'];
const HOST = '127.0.0.1';
/** What `--import` loads into a server that ends with its parent. */
export const EXIT_WITH_PARENT = new URL('./exit-with-parent.js', import.meta.url).href;
/** Far beyond what it takes: a machine with ten times too much to do starts Node in tens of seconds. */
const START_TIMEOUT_MS = 60_000;
const KILL_AFTER_MS = 8000;
const MAX_LINES = 2000;
const MAX_LINE_LENGTH = 4096;

/**
 * Starts a server in a process of its own and waits for the JSON log line `{"event":"listening","port":N}` on its
 * stdout. Throws with the end of its output when it exits or stays silent instead, or when the port is shared.
 */
export async function startServer(command: ServerCommand): Promise<ServerProcess> {
  const { flags = [], script, args = [], env, endsWithParent = false } = command;
  const tie = endsWithParent ? ['--import', EXIT_WITH_PARENT] : [];
  const child = spawn(process.execPath, [...tie, ...flags, script, ...args], {
    env: { ...inherited(), PORT: '0', HOST, ...env },
    stdio: [endsWithParent ? 'pipe' : 'ignore', 'pipe', 'pipe'],
  });
  const lines: string[] = [];
  const exited = new Promise<void>((resolve) => {
    child.once('exit', () => resolve());
    child.once('error', () => resolve());
  });
  // The last resort, for a caller that throws or exits without stop().
  const killAtExit = (): void => {
    child.kill('SIGKILL');
  };
  process.once('exit', killAtExit);
  void exited.then(() => process.off('exit', killAtExit));

  const stop = stopper(child, exited);
  try {
    keep(lines, child.stderr);
    const port = await listening(child, lines, exited, command.startTimeoutMs ?? START_TIMEOUT_MS);
    assertSoleListener(port);
    return {
      port,
      url: `http://${HOST}:${port}`,
      pid: child.pid ?? 0,
      stop,
      exited,
      log: () => lines.join('\n'),
    };
  } catch (error) {
    await stop();
    throw error;
  }
}

/** The port of a listening line; undefined for any other line. */
export function listeningPort(line: string): number | undefined {
  if (!line.startsWith('{')) return undefined;
  let entry: unknown;
  try {
    entry = JSON.parse(line);
  } catch {
    return undefined;
  }
  if (typeof entry !== 'object' || entry === null || !('event' in entry) || !('port' in entry))
    return undefined;
  return entry.event === 'listening' && typeof entry.port === 'number' ? entry.port : undefined;
}

async function listening(
  child: ChildProcess,
  lines: string[],
  exited: Promise<void>,
  timeoutMs: number,
): Promise<number> {
  const fail = (what: string): Error =>
    new Error(`server ${what}; its last lines:\n${lines.slice(-20).join('\n')}`);
  let timer: NodeJS.Timeout | undefined;
  try {
    return await Promise.race([
      new Promise<number>((resolve) => {
        keep(lines, child.stdout, (line) => {
          const port = listeningPort(line);
          if (port !== undefined) resolve(port);
        });
      }),
      exited.then(() =>
        Promise.reject(fail(`ended (${child.exitCode ?? child.signalCode ?? 'not started'})`)),
      ),
      new Promise<never>((_, reject) => {
        timer = setTimeout(() => reject(fail(`did not listen within ${timeoutMs} ms`)), timeoutMs);
      }),
    ]);
  } finally {
    clearTimeout(timer);
  }
}

function keep(lines: string[], stream: Readable | null, onLine?: (line: string) => void): void {
  if (stream === null) return;
  createInterface({ input: stream, crlfDelay: Infinity }).on('line', (line) => {
    lines.push(line.slice(0, MAX_LINE_LENGTH));
    if (lines.length > MAX_LINES) lines.shift();
    onLine?.(line);
  });
}

function stopper(child: ChildProcess, exited: Promise<void>): () => Promise<ServerExit> {
  let result: Promise<ServerExit> | undefined;
  const stop = async (): Promise<ServerExit> => {
    const began = performance.now();
    const running = child.exitCode === null && child.signalCode === null && child.pid !== undefined;
    let killed = false;
    if (running) {
      child.kill('SIGTERM');
      const timer = setTimeout(() => {
        killed = child.kill('SIGKILL');
      }, KILL_AFTER_MS);
      await exited;
      clearTimeout(timer);
    }
    const stopMs = running ? performance.now() - began : 0;
    await outputEnded(child);
    return { code: child.exitCode, signal: child.signalCode, stopMs, killed };
  };
  return () => (result ??= stop());
}

/** The last lines may come after the exit. A grandchild that still holds the pipe must not keep the caller waiting. */
async function outputEnded(child: ChildProcess): Promise<void> {
  if (child.stdout?.readableEnded === false && !child.stdout.destroyed) {
    await once(child.stdout, 'close', { signal: AbortSignal.timeout(500) }).catch(() => undefined);
  }
  child.stdout?.destroy();
  child.stderr?.destroy();
}

function inherited(): Record<string, string> {
  return Object.fromEntries(
    INHERITED.flatMap((name) => {
      const value = process.env[name];
      return value === undefined ? [] : [[name, value]];
    }),
  );
}
