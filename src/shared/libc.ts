import { createRequire } from 'node:module';
import type * as Koffi from 'koffi';

/**
 * Functions of glibc, called through koffi, for what Node has no call for. Each of them is an improvement and nothing depends on
 * it: `null` means unavailable (not Linux, no glibc, no koffi). Looked for at the first use and once for each thread,
 * since most threads never use most of them.
 * @param declare makes the functions from their C prototypes; where one is missing, the result is `null`
 */
export function fromLibc<T>(declare: (libc: Koffi.LibraryHandle) => T): () => T | null {
  let found: T | null | undefined;
  return () => (found === undefined ? (found = load(declare)) : found);
}

function load<T>(declare: (libc: Koffi.LibraryHandle) => T): T | null {
  if (process.platform !== 'linux') return null;
  try {
    // Not imported: without koffi nobody's import may fail.
    const koffi = createRequire(import.meta.url)('koffi') as typeof Koffi;
    return declare(koffi.load('libc.so.6'));
  } catch {
    return null;
  }
}
