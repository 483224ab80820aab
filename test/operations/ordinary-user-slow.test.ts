import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { test } from 'node:test';
import { childrenOf, statOf } from '../../bench/lib/proc.js';
import { FFMPEGS } from '../support/ffmpegs.js';
import { startAsOrdinaryUser } from '../support/ordinary-user.js';
import { cameras, closed, watch } from '../support/rig.js';
import { until } from '../support/until.js';

const timeout = 60_000;

const NICENESS = 7;

/** Field 19 of /proc/PID/stat (proc(5)), counted behind the name. */
const nicenessOf = (pid: number): number =>
  Number(readFileSync(`/proc/${pid}/stat`, 'latin1').split(') ')[1]?.split(' ')[16]);

const uidOf = (pid: number): number =>
  Number(/^Uid:\s+(\d+)/m.exec(readFileSync(`/proc/${pid}/status`, 'latin1'))?.[1]);

for (const ffmpeg of FFMPEGS)
  test(
    `started at nice ${NICENESS} by an ordinary user a camera works, with ${ffmpeg.name}`,
    { timeout },
    async (t) => {
      const set = await cameras(t);
      const service = await startAsOrdinaryUser(t, NICENESS, { FFMPEG_PATH: ffmpeg.path });
      assert.notEqual(uidOf(service.pid), 0);
      assert.equal(nicenessOf(service.pid), NICENESS);
      const viewer = watch(t, service, 'cam1', set.url(0));
      await viewer.more(10, 20_000);
      const [decoder] = childrenOf(service.pid);
      assert.ok(decoder);
      assert.equal(nicenessOf(decoder.pid), NICENESS);
      const said =
        service
          .log()
          .split('\n')
          .find((line) => line.includes('"event":"confinement"')) ?? '';
      const { noNetwork, noChanges } = JSON.parse(said) as { noNetwork: boolean; noChanges: boolean };
      const network = (pid: number): string => readlinkSync(`/proc/${pid}/ns/net`);
      assert.equal(network(decoder.pid) !== network(service.pid), noNetwork);
      assert.ok(noChanges, said);
    },
  );

test(
  'a process table that is full is told as such, and a viewer gets pictures when it is not',
  { timeout },
  async (t) => {
    const set = await cameras(t, { count: 3 });
    const service = await startAsOrdinaryUser(t, 0, {
      RETRY_MIN_MS: '200',
      RETRY_MAX_MS: '400',
      LINGER_MS: '0',
    });
    const first = watch(t, service, 'first', set.url(0));
    await first.more(5, 20_000);
    const prlimit = (...args: readonly string[]): string => {
      const run = spawnSync('env', [...service.user, 'prlimit', '--pid', String(service.pid), ...args], {
        encoding: 'utf8',
      });
      assert.equal(run.status, 0, run.stderr);
      return run.stdout.trim();
    };
    const most = prlimit('--nproc', '--output=HARD', '--noheadings');
    const allow = (tasks: number | string): void => void prlimit(`--nproc=${tasks}:`);
    const tasks = [service.pid, ...childrenOf(service.pid).map(({ pid }) => pid)].reduce(
      (sum, pid) => sum + (statOf(pid)?.threads ?? 0),
      0,
    );
    const refused = async (name: string): Promise<void> => {
      const { code, reason } = await closed(watch(t, service, name, set.url(1)), 15_000);
      assert.equal(code, 4502);
      assert.match(
        reason,
        /: no decoder could be started: the limit of processes, files or memory is reached/,
      );
    };
    // One more thread is the camera's worker.
    allow(tasks + 1);
    await refused('no-decoder');
    allow(most);
    await watch(t, service, 'again', set.url(2)).more(5, 20_000);
    allow(1);
    await refused('no-thread');
    allow(most);
    const before = first.frames.length;
    await until('the first viewer still has its pictures', () => first.frames.length > before + 10);
  },
);

test(
  'no process of a service that shows a camera has an address or a password in its command line',
  { timeout },
  async (t) => {
    const set = await cameras(t, { auth: 'digest', user: 'viewer', password: 'pA5s+word' });
    const service = await startAsOrdinaryUser(t, 0, { LINGER_MS: '0' });
    const seen = new Set<string>();
    const over = new AbortController();
    const watching = (async () => {
      while (!over.signal.aborted) {
        for (const pid of readdirSync('/proc').filter((name) => /^\d+$/.test(name))) {
          const stat = statOf(Number(pid));
          if (stat?.parent !== service.pid && stat?.pid !== service.pid) continue;
          for (const file of ['cmdline', 'environ', 'comm'])
            try {
              seen.add(readFileSync(`/proc/${pid}/${file}`, 'latin1').replaceAll('\0', ' '));
            } catch {
              // It is gone.
            }
        }
        await new Promise(setImmediate);
      }
    })();
    // Starting, changing the size, ending: with each a decoder is started anew.
    for (const width of ['320', '640']) {
      const viewer = watch(t, service, 'secret', set.url(0), { query: { width } });
      await viewer.more(5, 20_000);
      viewer.close();
    }
    over.abort();
    await watching;
    const all = [...seen].join('\n');
    assert.match(all, /pipe:0/);
    assert.doesNotMatch(all, /rtsps?:|127\.0\.0\.1:|viewer|pA5s/);
  },
);
