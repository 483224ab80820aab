import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { freePorts, startNats } from '../../bench/lib/nats-server.js';
import { tempFolder } from '../support/temp-folder.js';
import { clusterRig, statesOf, until } from './rig.js';

const timeout = 90_000;

test('a site behind a leaf node of NATS is a part of the cluster', { timeout }, async (scope) => {
  const folder = tempFolder(scope);
  const [port = 0] = await freePorts(1);
  const hub = join(folder, 'hub.conf');
  writeFileSync(
    hub,
    `jetstream { domain: centre, store_dir: "${folder}/js" }\nleafnodes { listen: "127.0.0.1:${port}" }\n`,
  );
  const leaf = join(folder, 'leaf.conf');
  // Without JetStream of its own it hands what nodes ask of JetStream to the centre's.
  writeFileSync(
    leaf,
    `default_js_domain: { "$G": centre }\n` +
      `leafnodes { reconnect: 1, remotes: [{ url: "nats-leaf://127.0.0.1:${port}" }] }\n`,
  );
  const it = await clusterRig(scope, {
    nodes: ['centre'],
    nats: { plain: true, args: ['--config', hub] },
    entry: (name) => (name === 'cam1' ? { site: 'branch' } : {}),
    env: { NODE_SITE: 'centre' },
  });
  // It dials the centre and keeps nothing itself: leases are in the centre's JetStream.
  const branchNats = await startNats({ plain: true, args: ['--config', leaf] });
  scope.after(() => branchNats.stop());
  await it.start('branch', { NATS_URL: branchNats.url, NODE_SITE: 'branch' });
  const eyes = ['centre', 'branch'].flatMap((node) => [it.eye(node, 'cam1'), it.eye(node, 'cam2')]);
  await it.more(10, eyes);
  assert.equal(await it.ownerOf('cam1'), 'branch');

  // The line to the branch is cut: each side goes on with its own.
  const [remote] = eyes;
  assert.ok(remote);
  await branchNats.kill();
  await until('the centre shows it as stale', () => statesOf(remote).at(-1) === 'stale');
  const own = eyes.filter(({ node, camera }) => node === 'branch' && camera === 'cam1');
  await it.more(10, own);
  await branchNats.start();
  await it.more(10, eyes, 20_000);
  for (const eye of eyes) assert.equal(eye.stats.closed, undefined, `${eye.node} ${eye.camera}`);
});
