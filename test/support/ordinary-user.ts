import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { listeningPort } from '../../bench/lib/server-process.js';
import type { Scope } from './rig.js';
import { tempFolder } from './temp-folder.js';

/** The service as an ordinary user starts it: neither root nor with root's priority. */

export interface UsersService {
  readonly pid: number;
  readonly port: number;
  readonly url: string;
  /** Words that start another program as the same user. */
  readonly user: readonly string[];
  log(): string;
}

const ROOT = fileURLToPath(new URL('../../..', import.meta.url));
const START_TIMEOUT_MS = 60_000;
const KILL_AFTER_MS = 8000;
/** Nobody's else, so that its processes can be counted: between Debian's users and its dynamic ones. */
const FIRST_UID = 60_600;
const UIDS = 500;
let uids = Math.floor(Math.random() * UIDS);

/** Words that start a program as another user, if this one may; none for somebody who is an ordinary user already. */
function asOrdinaryUser(): readonly string[] {
  if (process.getuid?.() !== 0) return [];
  const uid = FIRST_UID + (uids++ % UIDS);
  return ['setpriv', `--reuid=${uid}`, `--regid=${uid}`, '--clear-groups', '--'];
}

/** A folder with the built service that this user can read: the repository, or a copy of it. */
function readableTree(scope: Scope, user: readonly string[]): string {
  const reading = spawnSync('env', [...user, 'test', '-r', `${ROOT}/dist/src/main.js`]);
  if (reading.status === 0) return ROOT;
  const copy = tempFolder(scope);
  spawnSync('cp', ['-a', ...['dist', 'node_modules', 'package.json'].map((name) => `${ROOT}/${name}`), copy]);
  chmodSync(copy, 0o755);
  return copy;
}

/** @param niceness of the process, and so the least of all that it starts */
export async function startAsOrdinaryUser(
  scope: Scope,
  niceness: number,
  env: Readonly<Record<string, string>> = {},
): Promise<UsersService> {
  const user = asOrdinaryUser();
  const tree = readableTree(scope, user);
  const node = [process.execPath, `${tree}/dist/src/main.js`];
  const child = spawn('nice', ['-n', String(niceness), ...user, ...node], {
    env: { PATH: process.env['PATH'] ?? '', PORT: '0', HOST: '127.0.0.1', ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  scope.after(async () => {
    const killer = setTimeout(() => child.kill('SIGKILL'), KILL_AFTER_MS);
    const gone = once(child, 'exit');
    if (child.exitCode === null && child.signalCode === null && child.kill('SIGTERM')) await gone;
    clearTimeout(killer);
  });
  const lines: string[] = [];
  createInterface({ input: child.stderr }).on('line', (line) => lines.push(line));
  const port = await new Promise<number>((resolve, reject) => {
    const fail = (): void => {
      reject(new Error(`the service does not listen:\n${lines.join('\n')}`));
    };
    const timer = setTimeout(fail, START_TIMEOUT_MS);
    child.once('exit', fail).once('error', fail);
    createInterface({ input: child.stdout }).on('line', (line) => {
      lines.push(line);
      const found = listeningPort(line);
      if (found === undefined) return;
      clearTimeout(timer);
      resolve(found);
    });
  });
  return { pid: child.pid ?? 0, port, url: `http://127.0.0.1:${port}`, user, log: () => lines.join('\n') };
}
