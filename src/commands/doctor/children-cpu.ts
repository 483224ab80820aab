import { readdirSync, readFileSync } from 'node:fs';

/** USER_HZ: 100 on every architecture that Node runs on. */
const TICKS_PER_SECOND = 100;

/**
 * CPU seconds that the running children of this process called `name` have used so far; `null` where there is no Linux /proc,
 * or no such child.
 */
export function childrenCpuSeconds(name: string): number | null {
  try {
    const pids = readdirSync('/proc/self/task').flatMap((thread) =>
      readFileSync(`/proc/self/task/${thread}/children`, 'utf8').trim().split(' '),
    );
    const times = pids.filter((pid) => pid !== '').flatMap((pid) => cpuSecondsOf(pid, name));
    return times.length === 0 ? null : times.reduce((sum, seconds) => sum + seconds, 0);
  } catch {
    return null;
  }
}

function cpuSecondsOf(pid: string, name: string): number[] {
  // `pid (name) state ppid ...`; the name may hold blanks and brackets. User and system time are fields 14 and 15.
  const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
  const close = stat.lastIndexOf(')');
  if (stat.slice(stat.indexOf('(') + 1, close) !== name) return [];
  const fields = stat.slice(close + 2).split(' ');
  return [(Number(fields[11]) + Number(fields[12])) / TICKS_PER_SECOND];
}
