import { readFileSync } from 'node:fs';
import { join } from 'node:path';

/** Processor time that a control group may use, and has used: `docker run --cpus`, a pod's limit, a unit's `CPUQuota=`. */
export interface CpuLimit {
  /** Its folder. */
  readonly group: string;
  /** Processor time a unit of time: 1.5 is one and a half cores. */
  readonly cores: number;
  /** Since the group began. */
  readonly usedMs: number;
}

/**
 * The limits of this process's control group and of those around it. Both versions of control groups, see cgroups(7): many a
 * storage box still has the first. Empty without limits, and where there are no control groups.
 * @param root where `proc` and `sys` are
 */
export function cpuLimits(root = '/'): CpuLimit[] {
  const mounts = join(root, 'sys/fs/cgroup');
  const found: CpuLimit[] = [];
  for (const line of read(join(root, 'proc/self/cgroup')).split('\n')) {
    const [, controllers = '', path] = /^\d+:([^:]*):(\/.*)$/.exec(line) ?? [];
    if (path === undefined) continue;
    const limitOf = controllers === '' ? version2 : version1;
    if (limitOf === version1 && !controllers.split(',').includes('cpu')) continue;
    // A container may see its own group's path on the host, which it has not, and the group itself as the root.
    for (const group of upwards(path)) {
      const limit = limitOf(mounts, group);
      if (limit) found.push(limit);
    }
  }
  return found;
}

/**
 * Processors that this process may run on (`taskset`, `--cpuset-cpus`); `null` when that is not to be learned.
 * @param root where `proc` is
 */
export function allowedCpus(root = '/'): ReadonlySet<number> | null {
  const list = /^Cpus_allowed_list:\s*(\S+)$/m.exec(read(join(root, 'proc/self/status')))?.[1];
  if (list === undefined) return null;
  const ranges = list.split(',').map((range) => range.split('-').map(Number));
  return new Set(
    ranges.flatMap(([first = NaN, last = first]) =>
      Array.from({ length: last - first + 1 }, (_, i) => first + i),
    ),
  );
}

/** `cpu.max` is "QUOTA PERIOD" or "max PERIOD", both in microseconds. The root of all groups has none. */
function version2(mounts: string, group: string): CpuLimit | null {
  const folder = join(mounts, group);
  const [quota, period] = read(join(folder, 'cpu.max')).split(' ').map(Number);
  const used = /^usage_usec (\d+)$/m.exec(read(join(folder, 'cpu.stat')))?.[1];
  return limit(folder, quota, period, Number(used) / 1e3);
}

/** The quota is -1 without a limit; `cpuacct.usage` counts nanoseconds. */
function version1(mounts: string, group: string): CpuLimit | null {
  const folder = join(mounts, 'cpu', group);
  const quota = Number(read(join(folder, 'cpu.cfs_quota_us')));
  const period = Number(read(join(folder, 'cpu.cfs_period_us')));
  const used = Number(read(join(mounts, 'cpuacct', group, 'cpuacct.usage')));
  return limit(folder, quota, period, used / 1e6);
}

const limit = (group: string, quota = NaN, period = NaN, usedMs: number): CpuLimit | null =>
  quota > 0 && period > 0 && usedMs >= 0 ? { group, cores: quota / period, usedMs } : null;

/** `a/b`, `a`, and the root. */
function upwards(path: string): string[] {
  const parts = path.split('/').filter((part) => part !== '');
  return Array.from({ length: parts.length + 1 }, (_, i) => parts.slice(0, parts.length - i).join('/'));
}

/** Empty when it cannot be read: files come and go with the machine's set-up. */
function read(path: string): string {
  try {
    return readFileSync(path, 'latin1').trim();
  } catch {
    return '';
  }
}
