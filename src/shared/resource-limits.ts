import { fromLibc } from './libc.js';

/** Resources of setrlimit(2) on Linux; the numbers are the same on x86-64 and arm64. */
export const RESOURCE = { fileSize: 1, data: 2, core: 4, processes: 6, files: 7 } as const;

const prlimit = fromLibc(
  (libc) =>
    libc.func('int prlimit(int pid, int resource, void *next, void *old)') as (
      pid: number,
      resource: number,
      next: BigUint64Array,
      old: null,
    ) => number,
);

/** Whether limits can be set for other processes here. */
export const canLimit = (): boolean => prlimit() !== null;

/** Soft and hard limit, so that the process cannot raise it again. @returns whether it holds now */
export function limit(pid: number, resource: number, value: number): boolean {
  const set = prlimit();
  return set !== null && set(pid, resource, BigUint64Array.of(BigInt(value), BigInt(value)), null) === 0;
}
