import { closeSync, openSync } from 'node:fs';
import { fromLibc } from './libc.js';

/**
 * Landlock (landlock(7), Linux 5.13 on; Debian 12 and Ubuntu 22.04 have it): rights that a thread gives up for itself, without any
 * privilege, and for all that it starts from then on. Nothing is executed for it, so a process that is started behind it starts no
 * later.
 */

const SYSCALL = { create: 444, add: 445, restrict: 446 } as const;
const VERSION_FLAG = 1;
const RULE_PATH_BENEATH = 1;
const PR_SET_NO_NEW_PRIVS = 38;

/** Access rights of landlock.h. */
const WRITE_FILE = 1n << 1n;
/** Remove directories and files; make devices, directories, files, sockets, FIFOs, symbolic links. */
const CHANGES = [4n, 5n, 6n, 7n, 8n, 9n, 10n, 11n, 12n].reduce((all, bit) => all | (1n << bit), WRITE_FILE);
/** Rights that came with later versions: links and renames between directories (2), truncation by path (3). */
const LATER = [
  { version: 2, right: 1n << 13n },
  { version: 3, right: 1n << 14n },
] as const;
/** Signals to processes outside. */
const SCOPE_SIGNAL = { version: 6, scope: 1n << 1n } as const;
/** The size of the structure by version: filesystem rights; network rights from 4 on; scopes from 6 on. */
const attributeWords = (version: number): number => (version >= 6 ? 3 : version >= 4 ? 2 : 1);

/** What is still written to: `unshare` maps users through /proc, and spawn opens /dev/null for what is ignored. */
const WRITABLE = ['/proc', '/dev/null'] as const;

interface Calls {
  version(): number;
  create(attributes: BigUint64Array): number;
  allow(ruleset: number, rule: Uint8Array): number;
  restrict(ruleset: number): number;
}

const calls = fromLibc((libc): Calls => {
  type Create = (number: number, attributes: BigUint64Array | null, size: number, flags: number) => number;
  type Add = (number: number, ruleset: number, type: number, rule: Uint8Array, flags: number) => number;
  type Restrict = (number: number, ruleset: number, flags: number) => number;
  const create = libc.func(
    'long syscall(long number, void *attributes, size_t size, uint32_t flags)',
  ) as Create;
  const add = libc.func(
    'long syscall(long number, int ruleset, int type, void *rule, uint32_t flags)',
  ) as Add;
  const restrict = libc.func('long syscall(long number, int ruleset, uint32_t flags)') as Restrict;
  const prctl = libc.func(
    'int prctl(int option, unsigned long a, unsigned long b, unsigned long c, unsigned long d)',
  ) as (option: number, a: number, b: number, c: number, d: number) => number;
  return {
    version: () => create(SYSCALL.create, null, 0, VERSION_FLAG),
    create: (attributes) => create(SYSCALL.create, attributes, attributes.byteLength, 0),
    allow: (ruleset, rule) => add(SYSCALL.add, ruleset, RULE_PATH_BENEATH, rule, 0),
    restrict: (ruleset) => {
      prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
      return restrict(SYSCALL.restrict, ruleset, 0);
    },
  };
});

/** Version of the kernel's interface, from 1 on; 0 where there is none, or it may not be used. */
export const landlockVersion = (): number => Math.max(0, calls()?.version() ?? 0);

/** From this version on a restricted thread sends no signal to processes outside. */
export const SIGNALS_SINCE = SCOPE_SIGNAL.version;

/**
 * From here on this thread, and what it starts, changes no file by its path, and sees nothing of the memory of other processes (Landlock
 * forbids to trace what is not restricted alike). Reading is as before. For ever.
 * @returns whether it holds
 */
export function restrictThread(): boolean {
  const version = landlockVersion();
  const landlock = calls();
  if (landlock === null || version < 1) return false;
  const attributes = new BigUint64Array(attributeWords(version));
  attributes[0] = LATER.reduce((all, each) => (version >= each.version ? all | each.right : all), CHANGES);
  if (version >= SCOPE_SIGNAL.version) attributes[2] = SCOPE_SIGNAL.scope;
  const ruleset = landlock.create(attributes);
  if (ruleset < 0) return false;
  try {
    for (const path of WRITABLE) allowWriting(landlock, ruleset, path);
    return landlock.restrict(ruleset) === 0;
  } finally {
    closeSync(ruleset);
  }
}

/** struct landlock_path_beneath_attr, packed: the rights, and a descriptor of the path. */
function allowWriting(landlock: Calls, ruleset: number, path: string): void {
  let fd: number;
  try {
    fd = openSync(path, 'r');
  } catch {
    return;
  }
  const rule = Buffer.alloc(12);
  rule.writeBigUInt64LE(WRITE_FILE);
  rule.writeInt32LE(fd, 8);
  landlock.allow(ruleset, rule);
  closeSync(fd);
}
