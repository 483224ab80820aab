import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { epochMs } from '../../src/shared/clock.js';
import { inBounds, onceInThreeTimes } from '../support/three-times.js';
import { clusterRig, OPENING_MS, statesOf, until } from './rig.js';

const timeout = 90_000;

test(
  'three nodes open each camera once, and viewers of all see it at full rate',
  { timeout },
  async (scope) => {
    const it = await clusterRig(scope);
    const sum = async (metric: string): Promise<number> => {
      const each = await Promise.all([...it.nodes.values()].map((node) => node.metric(metric)));
      return each.reduce((total, one) => total + one);
    };
    const eyes = ['a', 'b', 'c'].flatMap((node) =>
      ['cam1', 'cam2', 'cam3'].map((camera) => it.eye(node, camera)),
    );
    await it.more(1, eyes);
    await onceInThreeTimes(async () => {
      const counts = eyes.map(({ frames }) => frames.length);
      const from = epochMs();
      await sleep(2000);
      const seconds = (epochMs() - from) / 1000;
      const rates = eyes.map(({ frames }, i) => (frames.length - (counts[i] ?? 0)) / seconds);
      for (const [i, eye] of eyes.entries()) {
        assert.deepEqual(statesOf(eye), ['connecting', 'live']);
        assert.equal(eye.stats.torn, 0);
        // A machine with too much to do decodes fewer, but of the same camera all nodes get as many.
        const rate = rates[i] ?? 0;
        const best = Math.max(...rates.filter((_, other) => eyes[other]?.camera === eye.camera));
        inBounds(
          rate > 0.8 * Math.min(25, best) && rate > 20 / it.pace.slowness(from),
          `${eye.node} ${eye.camera}: ${rate.toFixed(1)} frames a second`,
        );
      }
    });
    // A node that was given all three may level them out: a camera that changes its node has two sessions for a moment.
    const moved = await sum('cluster_handovers_total');
    assert.ok(it.sessions.most === 1 || moved > 0, `${it.sessions.most} sessions, ${moved} moved`);
    const longest = 4000 + it.pace.delay(2 * OPENING_MS);
    assert.ok(it.sessions.longest < longest, `two sessions for ${it.sessions.longest} ms`);
    assert.equal(await sum('cluster_cameras_owned'), 3);
  },
);

test('/api/cameras is the same on every node, and counts the viewers of all', { timeout }, async (scope) => {
  const it = await clusterRig(scope);
  const eyes = [it.eye('a', 'cam1'), it.eye('b', 'cam1'), it.eye('c', 'cam1'), it.eye('a', 'cam2')];
  await it.more(5, eyes);
  const owner = await it.ownerOf('cam1');
  await until('all nodes count three viewers', async () => {
    const entries = await Promise.all([...it.nodes.values()].map((node) => node.camera('cam1')));
    return entries.every(({ viewers, state, node }) => viewers === 3 && state === 'live' && node === owner);
  });
  for (const node of it.nodes.values()) {
    const idle = await node.camera('cam3');
    assert.equal(idle.state, 'idle');
    assert.equal(idle.node, null);
    // Its owner tells each second how old the newest frame is.
    await until(`${node.name} knows of frames of cam2`, async () => {
      const { state, frameAgeMs } = await node.camera('cam2');
      return state === 'live' && (frameAgeMs ?? 9e9) < 3000;
    });
  }
});

test(
  'a rendition that one viewer of another node wants is made by the owner, and only as long',
  { timeout },
  async (scope) => {
    const it = await clusterRig(scope, { nodes: ['a', 'b'] });
    const first = it.eye('a', 'cam1');
    await it.more(3, [first]);
    const owner = await it.ownerOf('cam1');
    const other = owner === 'a' ? 'b' : 'a';
    const tiny = it.eye(other, 'cam1', { width: '160', height: '90', quality: '30' });
    await it.more(5, [tiny]);
    const slow = it.eye(other, 'cam1', { fps: '2' });
    await it.more(2, [slow]);
    const began = performance.now();
    await it.more(4, [slow]);
    // Of 25 a second: four would be there in a sixth of a second.
    assert.ok(performance.now() - began > 1000, 'four frames at 2 a second');
    const sent = await it.node(owner).metric('cluster_frames_sent_total');
    tiny.close();
    slow.close();
    // The node keeps the camera for its linger, then gives its seats up.
    await sleep(1000);
    await until('nothing is sent any more', async () => {
      const later = await it.node(owner).metric('cluster_frames_sent_total');
      await sleep(1000);
      return later >= sent && (await it.node(owner).metric('cluster_frames_sent_total')) === later;
    });
  },
);

test('when nobody watches any more the session ends, and the lease with it', { timeout }, async (scope) => {
  const it = await clusterRig(scope, { nodes: ['a', 'b'] });
  const eyes = [it.eye('a', 'cam1'), it.eye('b', 'cam1')];
  await it.more(3, eyes);
  for (const eye of eyes) eye.close();
  await until(
    'no session is left',
    () => [...it.sessions.now.values()].every((count) => count === 0),
    12_000,
  );
  await until('no node says that it has it', async () => {
    const entries = await Promise.all([...it.nodes.values()].map((node) => node.camera('cam1')));
    return entries.every(({ node, state }) => node === null && state === 'idle');
  });
  const again = it.eye('b', 'cam1');
  await it.more(1, [again]);
});

test(
  'a camera that cannot be opened closes its viewers with the same code on every node',
  { timeout },
  async (scope) => {
    const it = await clusterRig(scope, {
      nodes: ['a', 'b'],
      env: { RETRY_MIN_MS: '500', AUTH_HOLD_MS: '60000' },
    });
    await it.cameras.fault('cam1', 'refuse');
    await it.cameras.fault('cam2', 'status:404');
    await it.cameras.fault('cam3', 'bad-auth');
    for (const [camera, code] of [
      ['cam1', 4502],
      ['cam2', 4404],
    ] as const) {
      const eyes = [it.eye('a', camera), it.eye('b', camera)];
      for (const eye of eyes) {
        const { code: closed } = await until(
          `${eye.node} is told of ${camera}`,
          () => eye.stats.closed,
          15_000,
        );
        assert.equal(closed, code, `${eye.node} ${camera}`);
      }
    }
  },
);

test(
  'the same name with another URL is refused on every node, and served on each with the same URL',
  { timeout },
  async (scope) => {
    const it = await clusterRig(scope, { nodes: ['a', 'b'] });
    const first = it.eye('a', 'adhoc', { rtsp: it.cameras.url(0) });
    await it.more(3, [first]);
    await it.ownerOf('cam1').catch(() => undefined);
    await until('node b knows of it', async () =>
      (await it.node('b').cameras()).some(({ camera }) => camera === 'adhoc'),
    );
    const other = it.eye('b', 'adhoc', { rtsp: it.cameras.url(1) });
    assert.equal((await until('it is refused', () => other.stats.closed)).code, 4409);
    const same = it.eye('b', 'adhoc', { rtsp: it.cameras.url(0) });
    const byName = it.eye('b', 'adhoc');
    await it.more(5, [same, byName]);
    const unknown = it.eye('b', 'nowhere');
    assert.equal((await until('it is refused', () => unknown.stats.closed)).code, 4404);
    assert.equal(it.sessions.most, 1);
  },
);

test(
  'what the owner tells of a stalled camera its viewers at other nodes see too',
  { timeout },
  async (scope) => {
    const it = await clusterRig(scope, {
      nodes: ['a', 'b'],
      env: { STALL_TIMEOUT_MS: '1000', RETRY_MIN_MS: '300' },
    });
    const eyes = [it.eye('a', 'cam1'), it.eye('b', 'cam1')];
    await it.more(5, eyes);
    await it.cameras.fault('cam1', 'silent-after-play');
    for (const eye of eyes) await until(`${eye.node} shows stale`, () => statesOf(eye).includes('stale'));
    await it.cameras.fault('cam1', null);
    await it.more(5, eyes);
    const from = epochMs();
    for (const eye of eyes) {
      await until(`${eye.node} shows live`, () => statesOf(eye).at(-1) === 'live');
      assert.deepEqual(statesOf(eye).slice(0, 3), ['connecting', 'live', 'stale']);
      assert.ok((eye.states.at(-1)?.since ?? 0) <= from);
    }
    const [first, second] = eyes.map((eye) => eye.states.find(({ state }) => state === 'stale'));
    assert.equal(first?.reason, second?.reason);
    assert.ok(Math.abs((first?.since ?? 0) - (second?.since ?? 0)) < 200, 'the same moment on both nodes');
  },
);
