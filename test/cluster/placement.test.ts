import assert from 'node:assert/strict';
import { test } from 'node:test';
import { levelOut, relieve, type BalanceNode } from '../../src/cluster/placement/balance.js';
import { placementOrder, type PlacementNode } from '../../src/cluster/placement/placement.js';

const timeout = 30_000;

const node = (name: string, more: Partial<BalanceNode> = {}): BalanceNode => ({
  name,
  site: '',
  opensCameras: true,
  draining: false,
  owned: 0,
  maxOwned: 100,
  cores: 2,
  free: 0.9,
  relieved: false,
  ...more,
});
const request = (stream: string, more: { site?: string; knows?: (name: string) => boolean } = {}) => ({
  stream,
  site: '',
  knows: () => true,
  ...more,
});
const first = (stream: string, nodes: readonly PlacementNode[]): string | undefined =>
  placementOrder(request(stream), nodes)[0]?.name;
const STREAMS = Array.from({ length: 300 }, (_, i) => `cam${i}`);

test('the node with most room opens the camera', { timeout }, () => {
  const nodes = [node('a', { free: 0.2 }), node('b', { free: 0.7 }), node('c', { free: 0.05 })];
  for (const stream of STREAMS.slice(0, 20))
    assert.deepEqual(
      placementOrder(request(stream), nodes).map(({ name }) => name),
      ['b', 'a', 'c'],
    );
});

test(
  'nodes with as much room and as many cameras share the streams evenly, and all nodes agree which',
  { timeout },
  () => {
    const nodes = [node('a'), node('b', { free: 0.86 }), node('c', { free: 0.55 })];
    const counts = new Map<string, number>();
    for (const stream of STREAMS) {
      const chosen = first(stream, nodes) ?? '';
      assert.equal(first(stream, [...nodes].reverse()), chosen);
      counts.set(chosen, (counts.get(chosen) ?? 0) + 1);
    }
    for (const [name, count] of counts) assert.ok(count > 70 && count < 130, `${name}: ${count}`);
  },
);

test('a node that leaves changes the place of its own streams only', { timeout }, () => {
  const nodes = [node('a'), node('b'), node('c')];
  for (const stream of STREAMS) {
    const before = first(stream, nodes);
    if (before !== 'c') assert.equal(first(stream, nodes.slice(0, 2)), before);
  }
});

test('of equal room, the node with fewest cameras for each processor comes first', { timeout }, () => {
  const nodes = [
    node('a', { owned: 10, cores: 2 }),
    node('b', { owned: 30, cores: 16 }),
    node('c', { owned: 9 }),
  ];
  assert.deepEqual(
    placementOrder(request('door'), nodes).map(({ name }) => name),
    ['b', 'c', 'a'],
  );
});

test(
  'only nodes of the site that open cameras, know the address, stay and are not full are asked',
  { timeout },
  () => {
    const nodes = [
      node('edge', { opensCameras: false }),
      node('leaving', { draining: true }),
      node('full', { owned: 100 }),
      node('elsewhere', { site: 'south' }),
      node('stranger', { site: 'north' }),
      node('right', { site: 'north', free: 0.01 }),
    ];
    const knows = (name: string): boolean => name !== 'stranger';
    assert.deepEqual(
      placementOrder(request('door', { site: 'north', knows }), nodes).map(({ name }) => name),
      ['right'],
    );
  },
);

/** Applies moves until nobody wants any. */
function settle(nodes: BalanceNode[], streams: Map<string, string>): number {
  let moves = 0;
  for (let round = 0; round < 200; round++) {
    let moved = false;
    for (const self of nodes) {
      const owned = [...streams].filter(([, owner]) => owner === self.name).map(([stream]) => stream);
      const counted = nodes.map((other) => ({
        ...other,
        owned: [...streams.values()].filter((owner) => owner === other.name).length,
      }));
      const targets = counted.filter(({ name }) => name !== self.name);
      const me = counted.find(({ name }) => name === self.name);
      assert.ok(me);
      for (const { stream, to } of levelOut(
        me,
        owned.map((stream) => ({ stream, targets })),
        2,
      )) {
        streams.set(stream, to);
        moves++;
        moved = true;
      }
    }
    if (!moved) return moves;
  }
  throw new Error('cameras go to and fro');
}

test('a node that joins takes its share, and then nothing moves any more', { timeout }, () => {
  const streams = new Map<string, string>(
    Array.from({ length: 60 }, (_, i) => [`cam${i}`, i < 30 ? 'a' : 'b']),
  );
  const moves = settle([node('a'), node('b'), node('c')], streams);
  for (const name of ['a', 'b', 'c']) {
    const count = [...streams.values()].filter((owner) => owner === name).length;
    assert.ok(count >= 19 && count <= 21, `${name} has ${count}`);
  }
  assert.ok(moves <= 21, `${moves} moves`);
});

test('a larger node takes more', { timeout }, () => {
  const streams = new Map<string, string>(Array.from({ length: 60 }, (_, i) => [`cam${i}`, 'a']));
  settle([node('a', { cores: 2 }), node('b', { cores: 4 })], streams);
  const count = [...streams.values()].filter((owner) => owner === 'b').length;
  assert.ok(count >= 38 && count <= 40, `${count} of 60`);
});

test(
  'nothing is given to a node with less room, or to one that gave cameras away itself',
  { timeout },
  () => {
    const owned = (targets: BalanceNode[]) =>
      Array.from({ length: 10 }, (_, i) => ({ stream: `cam${i}`, targets }));
    const self = node('a', { owned: 10, free: 0.3 });
    const busy = node('a', { owned: 10, free: 0.05 });
    assert.deepEqual(levelOut(self, owned([node('b', { free: 0.2 })]), 2), []);
    assert.equal(levelOut(busy, owned([node('b', { free: 0.05 })]), 2).length, 2, 'all are as busy');
    const nearly = node('b', { free: 0.05, owned: busy.owned - 4 });
    assert.deepEqual(levelOut(busy, owned([nearly]), 2), [], 'not for a small difference');
    assert.deepEqual(relieve(busy, owned([node('b', { free: 0.2 })]), 2), []);
    assert.deepEqual(relieve(self, owned([node('b', { free: 0.4 })]), 2), [], 'no more room than here');
    for (const choose of [levelOut, relieve]) {
      assert.deepEqual(choose(busy, owned([node('b', { relieved: true })]), 2), []);
      assert.equal(choose(busy, owned([node('b')]), 2).length, 2);
    }
  },
);
