import assert from 'node:assert/strict';
import { test } from 'node:test';
import { clusterRig, until } from './rig.js';

const timeout = 90_000;

test(
  'a camera that grants one session is closed before another node opens it',
  { timeout },
  async (scope) => {
    const it = await clusterRig(scope, { nodes: ['a', 'b'], cameras: { fault: 'one-session' } });
    const eyes = [it.eye('a', 'cam1'), it.eye('b', 'cam1')];
    await it.more(5, eyes);
    const owner = await it.ownerOf('cam1');
    const other = owner === 'a' ? 'b' : 'a';
    it.node(owner).signal('SIGTERM');
    await it.node(owner).exited;
    const [eye] = eyes.filter(({ node }) => node === other);
    assert.ok(eye);
    await it.more(10, [eye]);
    await until('the other node has it', async () => (await it.node(other).camera('cam1')).node === other);
    assert.equal(it.sessions.most, 1);
    assert.equal(eye.stats.closed, undefined);
  },
);
