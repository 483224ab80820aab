import { readdirSync, readFileSync } from 'node:fs';
import { descendantsOf } from '../lib/proc.js';

/** What the kernel's scheduler counts of threads, ms. */
export interface ProcessorTime {
  /** On a processor. */
  readonly runMs: number;
  /** Ready to run, while others were on the processors. */
  readonly waitMs: number;
}

const NONE: ProcessorTime = { runMs: 0, waitMs: 0 };

/**
 * Processor time of a process, its threads and all that it started (/proc/PID/task/TID/schedstat, in ns): clock ticks of 10 ms
 * are too coarse for hundreds of threads that run for some microseconds each. What ends meanwhile is not counted.
 */
export function processorTime(pid: number): ProcessorTime {
  return [pid, ...descendantsOf(pid).map((child) => child.pid)].map(ofProcess).reduce(add, NONE);
}

export const since = (now: ProcessorTime, before: ProcessorTime): ProcessorTime => ({
  runMs: now.runMs - before.runMs,
  waitMs: now.waitMs - before.waitMs,
});

const add = (a: ProcessorTime, b: ProcessorTime): ProcessorTime => ({
  runMs: a.runMs + b.runMs,
  waitMs: a.waitMs + b.waitMs,
});

function ofProcess(pid: number): ProcessorTime {
  try {
    return readdirSync(`/proc/${pid}/task`)
      .map((tid) => ofThread(pid, tid))
      .reduce(add, NONE);
  } catch {
    return NONE;
  }
}

function ofThread(pid: number, tid: string): ProcessorTime {
  try {
    const [run, wait] = readFileSync(`/proc/${pid}/task/${tid}/schedstat`, 'latin1').split(' ').map(Number);
    return { runMs: (run ?? 0) / 1e6, waitMs: (wait ?? 0) / 1e6 };
  } catch {
    return NONE;
  }
}
