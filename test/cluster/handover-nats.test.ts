import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { epochMs } from '../../src/shared/clock.js';
import { clusterRig, FRAME_MS, OPENING_MS, statesOf, until } from './rig.js';

const timeout = 120_000;

test(
  'a node that is told to end gives its cameras away first, and no viewer of another sees a gap',
  { timeout },
  async (scope) => {
    const it = await clusterRig(scope, { count: 4 });
    const cameras = ['cam1', 'cam2', 'cam3', 'cam4'];
    const all = ['a', 'b', 'c'].flatMap((node) => cameras.map((camera) => it.eye(node, camera)));
    await it.more(10, all, 30_000);
    const name = await it.ownerOf('cam1');
    const ending = it.node(name);
    const own = all.filter(({ node }) => node === name);
    const eyes = all.filter(({ node }) => node !== name);
    it.sessions.reset();
    const from = epochMs();
    ending.signal('SIGTERM');
    await until('it says that it is draining', async () => {
      const { status } = await fetch(`${ending.url}/readyz`);
      return status === 503 && (await ending.metric('cluster_draining')) === 1;
    });
    for (const eye of own) {
      const { code } = await until(`its viewer of ${eye.camera} is closed`, () => eye.stats.closed, 20_000);
      assert.equal(code, 1001);
    }
    await ending.exited;
    await it.more(10, eyes);
    const bound = 1000 + it.pace.delay(FRAME_MS, from);
    for (const eye of eyes) {
      const gap = eye.longestGap(from);
      assert.ok(gap < bound, `${eye.node} ${eye.camera}: ${Math.round(gap)} ms`);
      assert.equal(
        statesOf(eye, from).filter((state) => state !== 'live').length,
        0,
        statesOf(eye, from).join(),
      );
    }
    for (const eye of own) {
      const end = eye.frames.at(-1) ?? 0;
      assert.ok(
        eye.longestGap(from, end) < bound,
        `its own, ${eye.camera}: ${Math.round(eye.longestGap(from, end))} ms`,
      );
    }
    const longest = 5000 + it.pace.delay(2 * OPENING_MS, from);
    assert.ok(it.sessions.longest < longest, `two sessions for ${Math.round(it.sessions.longest)} ms`);
    await until('one session a camera', () => [...it.sessions.now.values()].every((count) => count === 1));
  },
);

test(
  'a node that joins takes its share within a minute, and no viewer sees a gap',
  { timeout },
  async (scope) => {
    const it = await clusterRig(scope, { nodes: ['a', 'b'], count: 9 });
    const cameras = Array.from({ length: 9 }, (_, i) => `cam${i + 1}`);
    const eyes = cameras.map((camera, i) => it.eye(i % 2 === 0 ? 'a' : 'b', camera));
    await it.more(5, eyes, 30_000);
    it.sessions.reset();
    const from = epochMs();
    await it.start('c');
    const owned = (): Promise<number[]> =>
      Promise.all(['a', 'b', 'c'].map((name) => it.node(name).metric('cluster_cameras_owned')));
    // A third of nine, one more or less: nothing moves for less than that.
    await until('c has its share', async () => Math.min(...(await owned())) >= 2, 60_000);
    await sleep(2000);
    const before = await owned();
    await sleep(6000);
    assert.deepEqual(await owned(), before, 'nothing goes to and fro');
    const bound = 1500 + it.pace.delay(FRAME_MS, from);
    for (const eye of eyes) {
      const gap = eye.longestGap(from);
      assert.ok(gap < bound, `${eye.node} ${eye.camera}: ${Math.round(gap)} ms`);
      assert.equal(eye.stats.closed, undefined);
      assert.deepEqual(statesOf(eye).slice(-1), ['live']);
    }
    assert.ok(it.sessions.longest < 5000 + it.pace.delay(2 * OPENING_MS, from));
  },
);

test('only nodes of its site open a camera, and nodes that are edges none', { timeout }, async (scope) => {
  const it = await clusterRig(scope, {
    nodes: [],
    entry: (name) => (name === 'cam1' ? { site: 'north' } : {}),
  });
  await Promise.all([
    it.start('north', { NODE_SITE: 'north' }),
    it.start('south', { NODE_SITE: 'south' }),
    it.start('edge', { NODE_ROLE: 'edge' }),
  ]);
  const eyes = ['south', 'edge'].flatMap((node) => [it.eye(node, 'cam1'), it.eye(node, 'cam2')]);
  await it.more(5, eyes);
  assert.equal(await it.ownerOf('cam1'), 'north');
  assert.notEqual(await it.ownerOf('cam2'), 'edge');
  await it.node('north').kill();
  const [first] = eyes;
  assert.ok(first);
  await until(
    'a camera of a site without a node goes offline',
    () => statesOf(first).at(-1) === 'offline',
    20_000,
  );
  assert.equal(first.states.at(-1)?.reason, 'no_owner');
});
