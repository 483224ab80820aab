import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { clusterRig, until } from './rig.js';

const timeout = 120_000;
const NODES = ['a', 'b', 'c'];
const CAMERAS = ['cam1', 'cam2', 'cam3', 'cam4', 'cam5', 'cam6'];

test(
  'a node that stalls for a second keeps its cameras; one whose leases run out loses each once and is given none back',
  { timeout },
  async (scope) => {
    const it = await clusterRig(scope, { count: CAMERAS.length });
    const eyes = CAMERAS.flatMap((camera) => NODES.map((node) => it.eye(node, camera)));
    await it.more(3, eyes, 30_000);
    const stalled = await until('an owner', async () => {
      const name = await it.ownerOf('cam1');
      return (await it.node(name).metric('cluster_cameras_owned')) > 0 && name;
    });
    const owned = (): Promise<number> => it.node(stalled).metric('cluster_cameras_owned');
    const stall = async (ms: number): Promise<void> => {
      it.node(stalled).signal('SIGSTOP');
      await sleep(ms);
      it.node(stalled).signal('SIGCONT');
      await it.more(5, eyes);
    };
    const lost = (): Promise<number> => it.node(stalled).metric('cluster_leases_lost_total');
    await stall(1000);
    assert.equal(await lost(), 0);
    await stall(4500);
    await until('its cameras are lost', async () => (await lost()) > 0 && (await owned()) === 0);
    const once = await lost();
    // Else the first of them would be given back by now.
    await sleep(4000);
    assert.equal(await lost(), once);
    assert.equal(await owned(), 0);
    await until('one session a camera', () => [...it.sessions.now.values()].every((count) => count === 1));
    for (const eye of eyes) assert.equal(eye.stats.closed, undefined);
  },
);

test(
  'nodes that run one second of three hear each other all the same, and no camera changes hands',
  { timeout },
  async (scope) => {
    const it = await clusterRig(scope);
    const eyes = NODES.map((node) => it.eye(node, 'cam1'));
    await it.more(3, eyes);
    const owner = await it.ownerOf('cam1');
    const edges = NODES.filter((node) => node !== owner);
    for (let stall = 0; stall < 2; stall++) {
      for (const node of edges) it.node(node).signal('SIGSTOP');
      await sleep(2600);
      for (const node of edges) it.node(node).signal('SIGCONT');
      await sleep(1200);
    }
    await it.more(5, eyes);
    assert.equal(await it.ownerOf('cam1'), owner);
    assert.equal(it.sessions.most, 1);
    for (const eye of eyes) {
      const told = eye.states.map(({ state }) => state);
      assert.deepEqual([...new Set(told)], ['connecting', 'live'], `${eye.node}: ${told.join()}`);
      assert.equal(eye.stats.closed, undefined);
    }
  },
);
