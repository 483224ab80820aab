import { fork, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { numberedLoad, numberedResult, type NumberedLoadInput, type NumberedViewer } from './load.js';

const MAIN = fileURLToPath(new URL('./load-process.js', import.meta.url));
/** Decoding what was kept, besides the phases that the load itself bounds. */
const GRACE_MS = 60_000;

/**
 * Runs viewers in processes of their own, and reads the number of every picture that they got.
 * @param processes share the viewers, each with its own window; they decode at the same time.
 * @throws Error when a process ends without its result.
 */
export async function runNumberedViewers(input: NumberedLoadInput, processes = 1): Promise<NumberedViewer[]> {
  const load = numberedLoad.parse(input);
  const each = Math.ceil(load.paths.length / processes);
  const rampMs = (load.paths.length / load.rampPerSecond) * 1000;
  const limitMs = rampMs + load.firstFrameTimeoutMs + load.settleMs + load.durationMs + GRACE_MS;
  const children: ChildProcess[] = [];
  const results: Promise<NumberedViewer[]>[] = [];
  for (let from = 0; from < load.paths.length; from += each) {
    const part = {
      ...load,
      paths: load.paths.slice(from, from + each),
      rampPerSecond: load.rampPerSecond / processes,
    };
    const child = fork(MAIN, [JSON.stringify(part)], { stdio: ['ignore', 'ignore', 'inherit', 'ipc'] });
    children.push(child);
    results.push(resultOf(child));
  }
  const timer = setTimeout(() => {
    for (const child of children) child.kill('SIGKILL');
  }, limitMs);
  try {
    return (await Promise.all(results)).flat();
  } finally {
    clearTimeout(timer);
    for (const child of children) child.kill('SIGKILL');
  }
}

async function resultOf(child: ChildProcess): Promise<NumberedViewer[]> {
  const ended = once(child, 'exit').then(([code, signal]: unknown[]) => {
    throw new Error(`a viewer process ended (${String(code ?? signal)}) before its result`);
  });
  // After the result nobody asks for it any more.
  ended.catch(() => undefined);
  const [message] = (await Promise.race([once(child, 'message'), ended])) as unknown[];
  return numberedResult.parse(message);
}
