import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { connect } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';

/** Programs of other people that serve until they are killed. */

const START_TIMEOUT_MS = 15_000;

export interface ServerProcess {
  /** What it printed last, for messages. */
  output(): string;
  stop(): Promise<void>;
}

export function startProgram(
  command: string,
  args: readonly string[],
  options: {
    readonly uid?: number;
    readonly gid?: number;
    readonly env?: NodeJS.ProcessEnv;
    readonly cwd?: string;
  } = {},
): ServerProcess {
  const child: ChildProcess = spawn(command, args, { stdio: ['ignore', 'pipe', 'pipe'], ...options });
  let output = '';
  for (const stream of [child.stdout, child.stderr])
    stream?.setEncoding('utf8').on('data', (text: string) => (output = (output + text).slice(-4000)));
  child.on('error', (error) => (output += error.message));
  const closed = once(child, 'close').catch(() => undefined);
  return {
    output: () => output,
    stop: async () => {
      child.kill('SIGTERM');
      const kill = setTimeout(() => child.kill('SIGKILL'), 2000);
      await closed;
      clearTimeout(kill);
    },
  };
}

/** Waits until somebody listens on the port. @throws Error with the program's output */
export async function listening(port: number, server: ServerProcess): Promise<void> {
  const deadline = performance.now() + START_TIMEOUT_MS;
  while (performance.now() < deadline) {
    const socket = connect(port, '127.0.0.1');
    const isOpen = await once(socket, 'connect').then(
      () => true,
      () => false,
    );
    socket.destroy();
    if (isOpen) return;
    await sleep(100);
  }
  throw new Error(`nothing listens on port ${port}: ${server.output()}`);
}
