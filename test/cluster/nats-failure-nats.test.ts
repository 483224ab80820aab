import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { jetstreamManager } from '@nats-io/jetstream';
import { connect } from '@nats-io/transport-node';
import type { NatsServers } from '../../bench/lib/nats-server.js';
import { bucketNames } from '../../src/cluster/bus/subjects.js';
import { epochMs } from '../../src/shared/clock.js';
import { clusterRig, FRAME_MS, OPENING_MS, statesOf, until } from './rig.js';

const timeout = 140_000;

test(
  'without NATS for 30 s local viewers see nothing of it, others go stale and come back',
  { timeout },
  async (scope) => {
    const it = await clusterRig(scope, { nodes: ['a', 'b'] });
    await it.more(5, [it.eye('a', 'cam1')]);
    const owner = await it.ownerOf('cam1');
    const local = it.eye(owner, 'cam1');
    const remote = it.eye(owner === 'a' ? 'b' : 'a', 'cam1');
    await it.more(5, [local, remote]);
    const from = epochMs();
    await it.nats.kill();
    await until('the other node shows stale', () => statesOf(remote).includes('stale'));
    await sleep(from + 30_000 - epochMs());
    assert.equal(it.sessions.most, 1, 'nobody opened it a second time while nobody could tell who has it');
    await it.nats.start();
    await it.more(25, [remote]);
    assert.ok(
      local.longestGap(from) < 1000 + it.pace.delay(FRAME_MS, from),
      `local viewers waited ${Math.round(local.longestGap(from))} ms`,
    );
    assert.deepEqual(statesOf(local), ['live']);
    assert.equal(statesOf(remote).at(-1), 'live');
    for (const eye of [local, remote]) assert.equal(eye.stats.closed, undefined);
    await sleep(3000);
    assert.equal(it.sessions.most, 1);
    assert.equal(await it.ownerOf('cam1'), owner);
  },
);

/** @param dead a server that was killed and may not lead; `null`: all have to be there, with all that is in the bucket */
async function hasLeader({ ports }: NatsServers, dead: number | null): Promise<boolean> {
  const living = ports.filter((_, index) => index !== dead);
  try {
    const connection = await connect({ servers: living.map((port) => `127.0.0.1:${port}`), timeout: 1000 });
    try {
      const manager = await jetstreamManager(connection, { timeout: 500 });
      const { cluster } = await manager.streams.info(`KV_${bucketNames('rtsp-ws').owners}`);
      const copies = cluster?.replicas ?? [];
      if (dead !== null) return (cluster?.leader ?? '') !== '' && cluster?.leader !== `server-${dead}`;
      return copies.length === 2 && copies.every(({ current, offline }) => current && !offline);
    } finally {
      await connection.close();
    }
  } catch {
    return false;
  }
}

test(
  'of three NATS servers one may be killed, whichever it is, and no viewer sees anything of it',
  { timeout },
  async (scope) => {
    const it = await clusterRig(scope, { nodes: ['a', 'b', 'c'], nats: { count: 3 } });
    const eyes = ['a', 'b', 'c'].flatMap((node) => [it.eye(node, 'cam1'), it.eye(node, 'cam2')]);
    await it.more(10, eyes, 30_000);
    const owners = [await it.ownerOf('cam1'), await it.ownerOf('cam2')];
    for (let index = 0; index < 3; index++) {
      const from = epochMs();
      await it.nats.kill(index);
      // While the buckets elect a new leader, for up to nine seconds, no lease can be renewed.
      await until('a leader of the leases', () => hasLeader(it.nats, index), 20_000);
      await sleep(2000);
      await it.nats.start(index);
      await until('all copies are whole', () => hasLeader(it.nats, null), 20_000);
      await sleep(1500);
      const bound = 2000 + it.pace.delay(FRAME_MS, from);
      for (const eye of eyes) {
        const gap = eye.longestGap(from);
        assert.ok(gap < bound, `server ${index}, ${eye.node} ${eye.camera}: ${Math.round(gap)} ms`);
      }
    }
    for (const eye of eyes) {
      assert.deepEqual(statesOf(eye).slice(-2), ['connecting', 'live'], `${eye.node} ${eye.camera}`);
      assert.equal(eye.stats.closed, undefined);
    }
    assert.deepEqual([await it.ownerOf('cam1'), await it.ownerOf('cam2')], owners);
    assert.equal(it.sessions.most, 1);
  },
);

test(
  'an owner that is cut off goes on for its own viewers, and yields when another has the camera',
  { timeout },
  async (scope) => {
    const it = await clusterRig(scope, { nodes: ['a', 'b'], proxied: true });
    await it.more(5, [it.eye('a', 'cam1')]);
    const owner = await it.ownerOf('cam1');
    const other = owner === 'a' ? 'b' : 'a';
    const local = it.eye(owner, 'cam1');
    const remote = it.eye(other, 'cam1');
    await it.more(5, [local, remote]);
    const from = epochMs();
    it.link(owner).cut('silent');
    await it.more(10, [remote]);
    const bound = 6500 + it.pace.delay(OPENING_MS, from);
    assert.ok(remote.longestGap(from) < bound, `${Math.round(remote.longestGap(from))} ms`);
    assert.ok(
      local.longestGap(from) < 1000 + it.pace.delay(FRAME_MS, from),
      'its own viewers see nothing of it',
    );
    it.link(owner).mend();
    await until('one session is left', () => it.sessions.now.get('cam1') === 1, 15_000);
    await it.more(10, [local, remote]);
    assert.equal(await it.ownerOf('cam1'), other);
    for (const eye of [local, remote]) assert.equal(eye.stats.closed, undefined);
  },
);
