import { setTimeout as sleep } from 'node:timers/promises';
import { fromLibc } from '../shared/libc.js';

const WNOHANG = 1;
const ATTEMPTS = 50;
const PAUSE_MS = 20;

/** Node reaps a child only in the thread that spawned it. */
const loadWaitPid = fromLibc(
  (libc) =>
    libc.func('int waitpid(int pid, void *status, int options)') as (
      pid: number,
      status: null,
      options: number,
    ) => number,
);

/**
 * Kills and reaps an FFmpeg whose worker thread died: it is a child of this process, but nobody waits for it any more,
 * so that it would stay as a zombie. Without koffi it is killed, and the zombie stays until the service ends.
 */
export async function reapOrphan(pid: number): Promise<void> {
  const waitpid = loadWaitPid();
  if (!waitpid) {
    process.kill(pid, 'SIGKILL');
    return;
  }
  // First look, then kill: the answer 0 means "our child, still running", so the number cannot be another process's.
  if (waitpid(pid, null, WNOHANG) !== 0) return;
  process.kill(pid, 'SIGKILL');
  for (let i = 0; i < ATTEMPTS && waitpid(pid, null, WNOHANG) === 0; i++) await sleep(PAUSE_MS);
}
