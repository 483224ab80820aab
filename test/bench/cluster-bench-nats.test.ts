import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { measureAddedAge } from '../../bench/cluster/added-age.js';
import { measureFrameCost } from '../../bench/cluster/frame-cost.js';
import { measureLeaseCost } from '../../bench/cluster/lease-cost.js';
import { MachinePace } from '../support/machine-pace.js';

/** The cluster's benches in short: that they measure what they say, with bounds that a busy machine keeps. */

const timeout = 60_000;

test('a frame between nodes costs far less than decoding it', { timeout }, async (t) => {
  const pace = new MachinePace(t);
  const cost = await measureFrameCost({ bytes: 17_500, streams: 8, fps: 25, edges: 1, seconds: 1 });
  for (const side of ['owner', 'broker', 'edge'] as const)
    assert.ok(cost[side] > 1 && cost[side] < 1800, `${side}: ${cost[side].toFixed(0)} microseconds`);
  assert.ok(
    cost.framesPerSecond > 100 / pace.slowness(),
    `${cost.framesPerSecond.toFixed(0)} frames a second`,
  );
});

test('leases are kept by three NATS servers at little cost', { timeout }, async () => {
  const { held, brokers } = await measureLeaseCost(20, 1);
  assert.equal(held, 20);
  assert.ok(brokers > 1 && brokers < 20_000, `${brokers.toFixed(0)} microseconds a renewal`);
});

test('a node away adds next to nothing to the age of a frame', { timeout }, async () => {
  const { added, alone } = await measureAddedAge({ cameras: 1, fps: 25, seconds: 2 });
  assert.ok(added && added.count > 25, `${added?.count ?? 0} frames on both nodes, ${alone} on one`);
  assert.ok(added.p50 < 30, `${added.p50.toFixed(1)} ms`);
});

test('a short soak ends with everything whole', { timeout: 150_000 }, () => {
  const main = fileURLToPath(new URL('../../bench/soak-cluster/main.js', import.meta.url));
  const args = [main, '--minutes', '0.15', '--cameras', '3', '--viewers', '6'];
  const { status, stdout, stderr } = spawnSync(process.execPath, args, { encoding: 'utf8' });
  assert.equal(status, 0, `${stdout}${stderr}`);
  assert.match(stdout, /0 torn; [1-9]\d* units of video, 0 complaints/);
});
