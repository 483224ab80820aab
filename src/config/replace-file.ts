import { createHash, randomUUID } from 'node:crypto';
import { constants, readFileSync, renameSync, type Stats, unlinkSync } from 'node:fs';
import { access, lstat, open, readFile, realpath, rm } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { EditError } from '../shared/errors.js';
import { fromLibc } from '../shared/libc.js';

/** A file is replaced as a whole or not at all, and never when somebody else has changed it meanwhile. */

/** Names a file's content: base64url of its SHA-256. */
export const revisionOf = (content: string | Uint8Array): string =>
  createHash('sha256').update(content).digest('base64url');

/** renameat2(2): paths are relative to the working directory; the two files change places in one step. */
const AT_FDCWD = -100;
const RENAME_EXCHANGE = 2;

const loadExchange = fromLibc(
  (libc) =>
    libc.func('int renameat2(int from, const char *old, int to, const char *new, unsigned int flags)') as (
      from: number,
      old: string,
      to: number,
      next: string,
      flags: number,
    ) => number,
);

/** @throws EditError `file_not_writable` when the file cannot be replaced, with what to do */
export async function assertReplaceable(path: string): Promise<Stats> {
  const stats = await lstat(path).catch(explain);
  if (stats.isSymbolicLink())
    throw notWritable('is a symbolic link, as of a Kubernetes ConfigMap: change it where it comes from');
  if (!stats.isFile()) throw notWritable('is no plain file');
  // A rename asks for rights on the folder alone: a file that was made read-only is meant to stay as it is.
  await access(path, constants.W_OK).catch(explain);
  await access(dirname(path), constants.W_OK).catch(explain);
  if (await isMountPoint(path)) throw notWritable(WHY.EBUSY);
  return stats;
}

/** As a single file that a container was given (`-v ./cameras.yaml:/cameras.yaml`): the kernel lets nothing take its place. */
async function isMountPoint(path: string): Promise<boolean> {
  // proc_pid_mountinfo(5): the fifth field, with white space and backslashes in octal. Elsewhere the rename says so.
  const mounts = await readFile('/proc/self/mountinfo', 'utf8').catch(() => '');
  const place = (await realpath(path).catch(explain)).replace(
    /[ \t\n\\]/g,
    (sign) => `\\${sign.charCodeAt(0).toString(8).padStart(3, '0')}`,
  );
  return mounts.split('\n').some((line) => line.split(' ')[4] === place);
}

/**
 * Writes a file beside it, with the same owner and rights, and puts it in its place when it is on the disk.
 * @param revision of the content that is replaced
 * @param forOwnerOnly takes group's and others' rights away
 * @throws EditError `file_changed`, `file_not_writable`
 */
export async function replaceFile(
  path: string,
  text: string,
  revision: string,
  forOwnerOnly: boolean,
): Promise<void> {
  const before = await assertReplaceable(path);
  const folder = dirname(path);
  const next = join(folder, `.${basename(path)}.${randomUUID()}.tmp`);
  try {
    const file = await open(next, 'wx', 0o600);
    try {
      await file.writeFile(text);
      const own = await file.stat();
      if (own.uid !== before.uid || own.gid !== before.gid) await file.chown(before.uid, before.gid);
      await file.chmod(before.mode & (forOwnerOnly ? 0o700 : 0o777));
      await file.sync();
    } finally {
      await file.close();
    }
    if (!swap(next, path, revision))
      throw new EditError('file_changed', 'CONFIG_FILE was changed meanwhile: look at it again');
    await syncFolder(folder);
  } catch (error) {
    if (error instanceof EditError) throw error;
    explain(error);
  } finally {
    await rm(next, { force: true }).catch(() => undefined);
  }
}

/** @returns false when the file was not of that revision; then it is what it was. Nothing runs in between. */
function swap(next: string, path: string, revision: string): boolean {
  const isExpected = (file: string): boolean => revisionOf(readFileSync(file)) === revision;
  if (!isExpected(path)) return false;
  const exchange = loadExchange();
  // Some file systems (NFS) cannot do it.
  if (exchange?.(AT_FDCWD, next, AT_FDCWD, path, RENAME_EXCHANGE) !== 0) {
    renameSync(next, path);
    return true;
  }
  // What stood there at that very moment, also if somebody wrote it after the look above.
  if (!isExpected(next)) {
    exchange(AT_FDCWD, next, AT_FDCWD, path, RENAME_EXCHANGE);
    return false;
  }
  unlinkSync(next);
  return true;
}

/** So that the new name is on the disk too. Not every file system lets a folder be synchronised. */
async function syncFolder(folder: string): Promise<void> {
  const handle = await open(folder, 'r').catch(() => null);
  await handle?.sync().catch(() => undefined);
  await handle?.close();
}

/** @returns the content, with its revision */
export async function readRevision(
  path: string,
): Promise<{ readonly text: string; readonly revision: string }> {
  const content = await readFile(path).catch(explain);
  return { text: content.toString(), revision: revisionOf(content) };
}

const notWritable = (why: string): EditError =>
  new EditError('file_not_writable', `CONFIG_FILE cannot be changed here: it ${why}`);

const WHY = {
  ENOENT: 'is not there',
  EACCES: 'or its folder is not writable for this service: give its user the right to both',
  EPERM: 'cannot keep its owner: let the service’s user own it',
  EROFS: 'lies on a read-only file system: mount it for writing',
  EBUSY: 'is mounted by itself, as a single file: mount the folder that it is in instead',
  ENOSPC: 'finds no room on the disk',
  EDQUOT: 'finds no room in the quota of this service’s user',
};

function explain(error: unknown): never {
  const code = error instanceof Error && 'code' in error ? String(error.code) : 'unknown error';
  throw notWritable(new Map(Object.entries(WHY)).get(code) ?? `gives ${code}`);
}
