import { readdirSync, readFileSync } from 'node:fs';

/**
 * Nanoseconds for which the kernel has run the threads of a process: the first field of /proc/PID/task/TID/schedstat, which counts
 * where /proc/PID/stat samples ticks of 10 ms. Threads that have ended are not in it: compare moments with the same threads.
 * @throws Error when there is no such process
 */
export function runTimeNs(pid: number): number {
  const threads = readdirSync(`/proc/${pid}/task`);
  return threads.reduce((sum, thread) => sum + threadNs(`/proc/${pid}/task/${thread}/schedstat`), 0);
}

function threadNs(path: string): number {
  try {
    return Number(readFileSync(path, 'latin1').split(' ')[0]);
  } catch {
    // It ended between the listing and the reading.
    return 0;
  }
}
