import { readdirSync, readFileSync } from 'node:fs';

/** Readers of Linux /proc. A process that is gone (or never was) reads as undefined, or as nothing in lists. */

/** Clock ticks a second in /proc/PID/stat: USER_HZ, which is 100 for user space on every architecture that Node runs on. */
const TICKS_PER_SECOND = 100;

export interface Memory {
  /** Resident bytes, with each shared page divided by the number of processes that map it. Sums up honestly. */
  readonly pssBytes: number;
  readonly rssBytes: number;
}

export function memoryOf(pid: number): Memory | undefined {
  const text = readProc(`${pid}/smaps_rollup`);
  const pss = kibibytes(text, 'Pss');
  const rss = kibibytes(text, 'Rss');
  return pss === undefined || rss === undefined ? undefined : { pssBytes: pss * 1024, rssBytes: rss * 1024 };
}

export interface ProcessStat {
  readonly pid: number;
  readonly parent: number;
  /** The kernel's name of it: at most 15 characters. */
  readonly name: string;
  /** `R`, `S`, `D`, `T` (stopped), `Z` (zombie), ... */
  readonly state: string;
  /** User and system time, without children. */
  readonly cpuSeconds: number;
  readonly threads: number;
}

export function statOf(pid: number): ProcessStat | undefined {
  return parseStat(readProc(`${pid}/stat`));
}

/** One line of /proc/PID/stat. The name may hold blanks and parentheses, so fields are counted from its last `)`. */
export function parseStat(line: string): ProcessStat | undefined {
  const open = line.indexOf('(');
  const close = line.lastIndexOf(')');
  if (open < 0 || close < open) return undefined;
  const fields = line.slice(close + 2).split(' ');
  return {
    pid: Number(line.slice(0, open)),
    parent: Number(fields[1]),
    name: line.slice(open + 1, close),
    state: fields[0] ?? '?',
    cpuSeconds: (Number(fields[11]) + Number(fields[12])) / TICKS_PER_SECOND,
    threads: Number(fields[17]),
  };
}

export interface ThreadStat {
  readonly id: number;
  readonly name: string;
  readonly cpuSeconds: number;
}

/** The thread whose id is the pid is the main one. */
export function threadsOf(pid: number): ThreadStat[] {
  return numbersIn(`/proc/${pid}/task`).flatMap((id) => {
    const stat = parseStat(readProc(`${pid}/task/${id}/stat`));
    return stat === undefined ? [] : [{ id, name: stat.name, cpuSeconds: stat.cpuSeconds }];
  });
}

/**
 * Time that each thread of a process has run, ns, by thread id (/proc/PID/task/TID/schedstat): the scheduler's own clock, where
 * `cpuSeconds` counts ticks of 10 ms. Of threads that are alive.
 */
export function runTimesOf(pid: number): Map<number, number> {
  return new Map(
    numbersIn(`/proc/${pid}/task`).map((id) => [
      id,
      Number(readProc(`${pid}/task/${id}/schedstat`).split(' ')[0] ?? 0),
    ]),
  );
}

/** Every process below `pid`, zombies too, nearest first. */
export function descendantsOf(pid: number): ProcessStat[] {
  const all = numbersIn('/proc').flatMap((id) => statOf(id) ?? []);
  const found: ProcessStat[] = [];
  let parents = new Set([pid]);
  while (parents.size > 0) {
    const next = all.filter((stat) => parents.has(stat.parent));
    found.push(...next);
    parents = new Set(next.map((stat) => stat.pid));
  }
  return found;
}

export function childrenOf(pid: number): ProcessStat[] {
  return descendantsOf(pid).filter((stat) => stat.parent === pid);
}

export function fdCountOf(pid: number): number | undefined {
  const fds = numbersIn(`/proc/${pid}/fd`);
  return fds.length === 0 ? undefined : fds.length;
}

/** A process with all that it started. */
export interface TreeUsage {
  readonly processes: number;
  readonly zombies: number;
  readonly threads: number;
  readonly fds: number;
  readonly pssBytes: number;
  readonly rssBytes: number;
  /** Of those alive now; a child that ended takes its seconds with it, so compare moments with the same children. */
  readonly cpuSeconds: number;
}

export function treeUsage(pid: number): TreeUsage | undefined {
  const root = statOf(pid);
  if (root === undefined) return undefined;
  const all = [root, ...descendantsOf(pid)];
  const memory = all.map((stat) => memoryOf(stat.pid));
  return {
    processes: all.length,
    zombies: all.filter((stat) => stat.state === 'Z').length,
    threads: sum(all.map((stat) => stat.threads)),
    fds: sum(all.map((stat) => fdCountOf(stat.pid) ?? 0)),
    pssBytes: sum(memory.map((m) => m?.pssBytes ?? 0)),
    rssBytes: sum(memory.map((m) => m?.rssBytes ?? 0)),
    cpuSeconds: sum(all.map((stat) => stat.cpuSeconds)),
  };
}

/** True while the process runs: a zombie has ended. */
export function isAlive(pid: number): boolean {
  const stat = statOf(pid);
  return stat !== undefined && stat.state !== 'Z' && stat.state !== 'X';
}

const sum = (values: readonly number[]): number => values.reduce((total, value) => total + value, 0);

function kibibytes(text: string, field: string): number | undefined {
  const match = new RegExp(`^${field}:\\s+(\\d+) kB$`, 'm').exec(text)?.[1];
  return match === undefined ? undefined : Number(match);
}

function readProc(path: string): string {
  try {
    return readFileSync(`/proc/${path}`, 'latin1');
  } catch {
    return '';
  }
}

function numbersIn(folder: string): number[] {
  try {
    return readdirSync(folder)
      .filter((name) => /^\d+$/.test(name))
      .map(Number);
  } catch {
    return [];
  }
}
