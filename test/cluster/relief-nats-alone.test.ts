import assert from 'node:assert/strict';
import { execFileSync, spawn } from 'node:child_process';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { epochMs } from '../../src/shared/clock.js';
import { clusterRig, FRAME_MS, until } from './rig.js';

const timeout = 150_000;

/** All threads of a process and what they start run on this processor only. */
const pin = (pid: number, cpu: number): void => {
  execFileSync('taskset', ['-a', '-c', '-p', String(cpu), String(pid)], { stdio: 'ignore' });
};

test(
  'a node that gets busy gives cameras to one with room before it degrades any',
  { timeout },
  async (scope) => {
    const cameras = ['cam1', 'cam2', 'cam3', 'cam4', 'cam5', 'cam6'];
    const it = await clusterRig(scope, {
      nodes: [],
      count: cameras.length,
      cameras: { width: 640, height: 360, noise: 8 },
      env: { FRAME_WIDTH: '640', FRAME_HEIGHT: '360' },
    });
    const [busy, free] = await Promise.all([it.start('busy'), it.start('free')]);
    pin(busy.pid, 0);
    pin(free.pid, 1);
    pin(it.cameras.pid, 1);
    const eyes = cameras.flatMap((camera) => [it.eye('busy', camera), it.eye('free', camera)]);
    await it.more(20, eyes, 60_000);
    await sleep(5000);
    const owned = (): Promise<number> => busy.metric('cluster_cameras_owned');
    const before = await owned();
    assert.ok(before > 0);
    const burners = Array.from({ length: 24 }, () =>
      spawn('taskset', ['-c', '0', 'sh', '-c', 'while :; do :; done']),
    );
    scope.after(() => burners.forEach((burner) => burner.kill('SIGKILL')));
    const from = epochMs();
    await until('a camera is given away', async () => (await owned()) < before, 60_000);
    const given = await busy.metric('cluster_handovers_total', 'why="load",outcome="passed"');
    assert.ok(given > 0, 'because of the load');
    assert.equal(await busy.metric('camera_degraded'), 0, 'and none was degraded until then');
    for (const eye of eyes.filter(({ node }) => node === 'free')) {
      const gap = eye.longestGap(from);
      assert.ok(gap < 4000 + it.pace.delay(FRAME_MS, from), `${eye.camera}: ${Math.round(gap)} ms`);
    }
  },
);
