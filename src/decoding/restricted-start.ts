import { spawnSync, type SpawnSyncOptions } from 'node:child_process';
import { once } from 'node:events';
import { isMainThread, parentPort, Worker, workerData } from 'node:worker_threads';
import { landlockVersion, restrictThread } from '../shared/landlock.js';

type ProbeLimits = Pick<SpawnSyncOptions, 'timeout' | 'killSignal'>;

interface Start {
  readonly words: readonly string[];
  readonly limits: ProbeLimits;
}

/**
 * Whether a program starts in a thread that is restricted by Landlock, as a camera's worker is. One that needs privileges of a file
 * (setuid), or writes one first, does not: `ffmpeg` of snap, scripts around FFmpeg that keep a log. In a thread of its own, which the
 * restriction ends with.
 * @param words command line of a program that ends by itself
 */
export async function startsRestricted(words: readonly string[], limits: ProbeLimits): Promise<boolean> {
  if (landlockVersion() === 0) return false;
  const start: Start = { words, limits };
  // The descriptor of the rules is not one of Node's.
  const worker = new Worker(new URL(import.meta.url), { workerData: start, trackUnmanagedFds: false });
  try {
    const [starts] = (await once(worker, 'message')) as [boolean];
    return starts;
  } catch {
    return false;
  } finally {
    await worker.terminate();
  }
}

if (!isMainThread && isStart(workerData)) parentPort?.postMessage(tryStart(workerData));

function tryStart({ words, limits }: Start): boolean {
  const [command = '', ...args] = words;
  if (!restrictThread()) return false;
  return spawnSync(command, args, { ...limits, stdio: 'ignore' }).status === 0;
}

function isStart(data: unknown): data is Start {
  return typeof data === 'object' && data !== null && 'words' in data && 'limits' in data;
}
