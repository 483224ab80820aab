import { fork, type ChildProcess } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import {
  fromLoadProcess,
  summarize,
  viewerLoad,
  type FromLoadProcess,
  type LoadResult,
  type Summary,
  type ToLoadProcess,
  type ViewerLoadInput,
} from './viewer-load.js';

export interface RunViewersOptions extends ViewerLoadInput {
  /** Load processes that share the viewers (default 1). One reads about a core's worth. */
  readonly processes?: number;
  /** Called when all viewers are settled, right before the window: the moment to read CPU counters. */
  readonly onWindowStart?: () => void;
  /** Called when the window is over and the viewers are still connected. */
  readonly onWindowEnd?: () => void;
}

/** Besides all the phases that the load itself bounds: for a process that hangs. */
const GRACE_MS = 30_000;

/** Runs viewers in processes of their own and sums up what they saw. Throws when a load process fails. */
export async function runViewers(options: RunViewersOptions): Promise<Summary> {
  const { processes = 1, onWindowStart, onWindowEnd, ...input } = options;
  const load = viewerLoad.parse(input);
  const count = Math.min(processes, load.viewers);
  const rampMs = (load.viewers / load.rampPerSecond) * 1000;
  const phases = rampMs + load.openTimeoutMs + load.firstFrameTimeoutMs + load.settleMs + load.durationMs;
  const children = Array.from({ length: count }, (_, at) =>
    startChild({
      ...load,
      viewers: shareOf(load.viewers, count, at),
      rampPerSecond: load.rampPerSecond / count,
      paths: rotate(load.paths, firstOf(load.viewers, count, at)),
    }),
  );
  const timer = setTimeout(() => {
    for (const { child } of children) child.kill('SIGKILL');
  }, phases + GRACE_MS);
  try {
    await Promise.all(children.map(({ ready }) => ready));
    onWindowStart?.();
    for (const { child } of children) child.send({ type: 'measure' } satisfies ToLoadProcess);
    const results = await Promise.all(children.map(({ result }) => result));
    onWindowEnd?.();
    await Promise.all(children.map(({ exited }) => exited));
    return summarize(results);
  } finally {
    clearTimeout(timer);
    for (const { child } of children) child.kill('SIGKILL');
  }
}

interface LoadChild {
  readonly child: ChildProcess;
  readonly ready: Promise<void>;
  readonly result: Promise<LoadResult>;
  readonly exited: Promise<void>;
}

function startChild(load: ViewerLoadInput): LoadChild {
  const main = fileURLToPath(new URL('./viewer-main.js', import.meta.url));
  const child = fork(main, [JSON.stringify(load)], { stdio: ['ignore', 'ignore', 'inherit', 'ipc'] });
  const exited = new Promise<void>((resolve) => {
    child.once('exit', () => resolve());
    child.once('error', () => resolve());
  });
  const failed = exited.then(() => {
    const how = child.exitCode ?? child.signalCode ?? 'not started';
    throw new Error(`a load process ended before its result (${how})`);
  });
  const heard = <T>(pick: (message: FromLoadProcess) => T | undefined): Promise<T> => {
    const message = new Promise<T>((resolve) => {
      child.on('message', (raw) => {
        const picked = pick(fromLoadProcess.parse(raw));
        if (picked !== undefined) resolve(picked);
      });
    });
    const settled = Promise.race([message, failed]);
    // When one process fails, nobody waits for the others any more.
    settled.catch(() => undefined);
    return settled;
  };
  return {
    child,
    exited,
    ready: heard((message) => (message.type === 'ready' ? true : undefined)).then(() => undefined),
    result: heard((message) => (message.type === 'result' ? message.result : undefined)),
  };
}

const firstOf = (viewers: number, count: number, at: number): number => Math.floor((viewers * at) / count);
const shareOf = (viewers: number, count: number, at: number): number =>
  firstOf(viewers, count, at + 1) - firstOf(viewers, count, at);

/** The second process goes on with the path where the first one stopped. */
function rotate(paths: readonly string[], by: number): string[] {
  const at = by % paths.length;
  return [...paths.slice(at), ...paths.slice(0, at)];
}
