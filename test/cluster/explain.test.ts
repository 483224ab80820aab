import assert from 'node:assert/strict';
import { test } from 'node:test';
import { explainPlacement } from '../../src/cluster/placement/explain.js';
import type { PlacementNode } from '../../src/cluster/placement/placement.js';

const timeout = 30_000;

const node = (name: string, more: Partial<PlacementNode> = {}): PlacementNode => ({
  name,
  site: '',
  opensCameras: true,
  draining: false,
  owned: 3,
  maxOwned: 64,
  cores: 4,
  free: 0.8,
  ...more,
});

test('each node is told with its place, or with the first rule that keeps it out', { timeout }, () => {
  const nodes = [
    node('busy', { site: 'north', free: 0.05 }),
    node('full', { site: 'north', owned: 64 }),
    node('south', { site: 'south' }),
    node('going', { site: 'north', draining: true }),
    node('edge', { site: 'north', opensCameras: false }),
    node('stranger', { site: 'north' }),
    node('best', { site: 'north' }),
  ];
  const verdicts = explainPlacement(
    { stream: 'gate', site: 'north', knows: (name) => name !== 'stranger' },
    nodes,
  );
  assert.deepEqual(
    verdicts.map(({ node: name, place, why }) => `${name} ${place ?? '-'} ${why}`),
    [
      'best 1 much room: 80 % of its processors free, 3 of 64 cameras on 4 cores',
      'busy 2 no room: 5 % of its processors free, 3 of 64 cameras on 4 cores',
      'full - has 64 cameras already (MAX_CAMERAS)',
      'south - is of site south, the camera of site north',
      'going - is draining',
      'edge - opens no cameras (NODE_ROLE=edge)',
      'stranger - does not have this camera, with this address, in its CONFIG_FILE',
    ],
  );
});
