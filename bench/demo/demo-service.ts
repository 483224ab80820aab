import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { createServer } from 'node:net';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { UsageError } from '../lib/command-line.js';
import { EXIT_WITH_PARENT, listeningPort } from '../lib/server-process.js';

/** The service as a demo runs it: on a port that the person chose, and what it warns of on the terminal. */

const MAIN = fileURLToPath(new URL('../../src/main.js', import.meta.url));
export const HOST = '127.0.0.1';
/** pino's number for `warn`. */
const WARN = 40;

/** Resolves at the first signal that asks for the end. */
export function stopSignal(): Promise<'stop'> {
  return new Promise((resolve) => {
    // `on`, not `once`: a second Ctrl-C must not end this process before its children.
    for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => resolve('stop'));
  });
}

/** Says so before anything is started when the port is taken. @throws UsageError */
export async function assertPortFree(port: number, target: string): Promise<void> {
  const probe = createServer();
  probe.listen({ port, host: HOST, exclusive: true });
  try {
    await once(probe, 'listening');
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? String(error.code) : 'unknown error';
    const why = code === 'EADDRINUSE' ? 'is taken' : `cannot be used (${code})`;
    throw new UsageError(
      `port ${port} of ${HOST} ${why}: choose another, as in  make ${target} PORT=${port + 10}`,
    );
  }
  probe.close();
  await once(probe, 'close');
}

/** A log line of the service as a person reads it; empty for what is no news. */
function worthShowing(line: string): string {
  let entry: unknown;
  try {
    entry = JSON.parse(line);
  } catch {
    return line;
  }
  if (typeof entry !== 'object' || entry === null || !('level' in entry) || Number(entry.level) < WARN)
    return '';
  return 'msg' in entry ? String(entry.msg) : line;
}

export interface DemoService {
  readonly process: ChildProcess;
  readonly listening: Promise<void>;
  readonly ended: Promise<'ended'>;
  /** SIGTERM, and SIGKILL when that does not end it in time. */
  end(): Promise<void>;
}

/**
 * The service, in a process group of its own: a Ctrl-C reaches it once, through this process. It ends with this process, also
 * when nobody asked first (SIGKILL).
 * @param killAfterMs more than the service's own deadline for an orderly end
 */
export function startDemoService(
  port: number,
  env: Readonly<Record<string, string>>,
  { killAfterMs, prefix = '' }: { readonly killAfterMs: number; readonly prefix?: string },
): DemoService {
  const child = spawn(process.execPath, [`--import=${EXIT_WITH_PARENT}`, MAIN], {
    // Its info lines are what tells that it listens; they are not shown.
    env: { ...process.env, HOST, PORT: String(port), LOG_LEVEL: 'info', ...env },
    stdio: ['pipe', 'pipe', 'inherit'],
    detached: true,
  });
  const ended = once(child, 'exit').then(() => 'ended' as const);
  const listening = new Promise<void>((resolve) => {
    createInterface({ input: child.stdout }).on('line', (line) => {
      if (listeningPort(line) !== undefined) resolve();
      const text = worthShowing(line);
      if (text !== '') console.log(`${prefix}${text}`);
    });
  });
  const end = async (): Promise<void> => {
    if (child.exitCode !== null || child.signalCode !== null) return;
    child.kill('SIGTERM');
    const killer = setTimeout(() => child.kill('SIGKILL'), killAfterMs);
    await ended;
    clearTimeout(killer);
  };
  return { process: child, listening, ended, end };
}
