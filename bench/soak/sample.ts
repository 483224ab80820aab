import { childrenOf, fdCountOf, memoryOf, statOf } from '../lib/proc.js';
import type { Tolerance } from './trend.js';

/** The service at one moment. */
export interface Sample {
  readonly minutes: number;
  readonly rssMB: number;
  readonly heapMB: number;
  readonly ffmpegs: number;
  readonly ffmpegPssMB: number;
  readonly fds: number;
  readonly threads: number;
  readonly zombies: number;
  /** Event-loop lag of the main thread since the last sample, ms. */
  readonly lagMeanMs: number;
  readonly lagP99Ms: number;
  readonly live: number;
  readonly viewers: number;
}

export type Watched = 'rssMB' | 'heapMB' | 'ffmpegPssMB' | 'fds' | 'threads' | 'lagMeanMs';

/**
 * Growth that counts as flat, over the window that is fitted. Cameras and viewers come and go at random, so every value wanders:
 * a camera more or less is some 15 fds, 1-2 threads and 10-15 MB. A leak of one descriptor for each reconnect or viewer would
 * show as several hundred in 20 minutes.
 */
export const TOLERANCES: Readonly<Record<Watched, Tolerance>> = {
  rssMB: { share: 0.1, absolute: 15 },
  heapMB: { share: 0.2, absolute: 5 },
  ffmpegPssMB: { share: 0.2, absolute: 20 },
  fds: { share: 0.1, absolute: 15 },
  threads: { share: 0.1, absolute: 3 },
  lagMeanMs: { share: 0.5, absolute: 5 },
};

/** @throws Error when the service is gone. */
export async function takeSample(pid: number, url: string, minutes: number): Promise<Sample> {
  const text = await (await fetch(`${url}/metrics`)).text();
  const metric = (pattern: RegExp): number => {
    let sum = 0;
    for (const [, value] of text.matchAll(pattern)) sum += Number(value);
    return sum;
  };
  const stat = statOf(pid);
  const memory = memoryOf(pid);
  if (!stat || !memory) throw new Error('the service is gone');
  const children = childrenOf(pid);
  const ffmpegs = children.filter(({ state }) => state !== 'Z');
  return {
    minutes,
    rssMB: memory.rssBytes / 1e6,
    heapMB: metric(/^nodejs_heap_size_used_bytes (\S+)/gm) / 1e6,
    ffmpegs: ffmpegs.length,
    ffmpegPssMB: ffmpegs.reduce((sum, child) => sum + (memoryOf(child.pid)?.pssBytes ?? 0), 0) / 1e6,
    fds: fdCountOf(pid) ?? 0,
    threads: stat.threads,
    zombies: children.length - ffmpegs.length,
    lagMeanMs: metric(/^nodejs_eventloop_lag_mean_seconds (\S+)/gm) * 1000,
    lagP99Ms: metric(/^nodejs_eventloop_lag_p99_seconds (\S+)/gm) * 1000,
    live: metric(/^rtsp_ws_camera_state\{[^}]*state="(?:live|frozen)"[^}]*\} (\S+)/gm),
    viewers: metric(/^rtsp_ws_viewers\{[^}]*\} (\S+)/gm),
  };
}
