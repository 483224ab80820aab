import { readdirSync, readFileSync } from 'node:fs';
import { descendantsOf } from '../lib/proc.js';

/**
 * Time on a processor of a process, its threads and all that it started, ms (/proc/PID/task/TID/schedstat, in ns): clock ticks of 10 ms
 * are too coarse for hundreds of threads that run for some microseconds each. What ends meanwhile is not counted.
 */
export function runTimeMs(pid: number): number {
  return [pid, ...descendantsOf(pid).map((child) => child.pid)].reduce((sum, one) => sum + ownMs(one), 0);
}

function ownMs(pid: number): number {
  try {
    return readdirSync(`/proc/${pid}/task`).reduce((sum, tid) => sum + threadMs(pid, tid), 0);
  } catch {
    return 0;
  }
}

function threadMs(pid: number, tid: string): number {
  try {
    return Number(readFileSync(`/proc/${pid}/task/${tid}/schedstat`, 'latin1').split(' ')[0]) / 1e6;
  } catch {
    return 0;
  }
}
