import { spawn } from 'node:child_process';
import { once } from 'node:events';

export interface BenchEnd {
  /** Null: it ended in order. */
  readonly failure: string | null;
  readonly seconds: number;
}

const SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;

/**
 * Runs a bench to its end, or to its limit. It is the leader of a process group, which holds its cameras, servers and viewers too:
 * when it is over, whatever is left of the group is killed, so that no stray process spoils the next bench.
 * A signal to this process ends the bench, and then this process.
 */
export async function runBench(script: string, args: readonly string[], limitMs: number): Promise<BenchEnd> {
  const began = performance.now();
  const child = spawn(process.execPath, [script, ...args], {
    stdio: ['ignore', 'inherit', 'inherit'],
    detached: true,
  });
  const { pid } = child;
  if (pid === undefined) return { failure: 'could not be started', seconds: 0 };
  const killGroup = (): void => {
    try {
      process.kill(-pid, 'SIGKILL');
    } catch {
      // Nobody is left: as it should be.
    }
  };
  const stop = (): void => {
    killGroup();
    process.exit(1);
  };
  for (const signal of SIGNALS) process.on(signal, stop);
  const timer = setTimeout(killGroup, limitMs);
  try {
    const [code, signal] = (await once(child, 'exit')) as [number | null, NodeJS.Signals | null];
    const seconds = (performance.now() - began) / 1000;
    if (seconds * 1000 >= limitMs) return { failure: `not done in ${limitMs / 1000} s`, seconds };
    return { failure: code === 0 ? null : `ended with ${code ?? signal ?? 'nothing'}`, seconds };
  } finally {
    clearTimeout(timer);
    killGroup();
    for (const signal of SIGNALS) process.off(signal, stop);
  }
}
