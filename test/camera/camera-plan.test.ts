import assert from 'node:assert/strict';
import { test } from 'node:test';
import { CameraPlan, ECONOMY_AFTER_MS } from '../../src/camera/camera-plan.js';
import type { Want } from '../../src/decoding/decode-plan.js';

const timeout = 5000;
const SMALL: Want = { rendition: { width: 320, height: 180, quality: 50 }, fps: null };
const LARGE: Want = { rendition: { width: 1280, height: 720, quality: 50 }, fps: null };
const STANDBY = { width: 640, height: 360 };

const planning = () => new CameraPlan({ standby: STANDBY, maxFps: null, lingerMs: 10_000 });

test('before anybody came only key frames of the standby size are decoded', { timeout }, () => {
  assert.deepEqual(planning().next([], 0, 0), {
    plan: { outputs: [{ ...STANDBY, demands: [] }], keyFramesOnly: true },
    againAt: Infinity,
  });
});

test('a watched plan stays until somebody asks for something else', { timeout }, () => {
  const { plan, againAt } = planning().next([SMALL], 0, 0);
  assert.equal(plan.outputs[0]?.demands.length, 1);
  assert.equal(plan.keyFramesOnly, false);
  assert.equal(againAt, Infinity);
});

test('when the last viewer leaves, the decoder goes on unencoded, then economy begins', { timeout }, () => {
  const it = planning();
  it.next([SMALL], 0, 0);
  const left = it.next([], 0, 5000);
  assert.deepEqual(left, {
    plan: { outputs: [{ width: 320, height: 180, demands: [] }], keyFramesOnly: false },
    againAt: 5000 + ECONOMY_AFTER_MS,
  });
  assert.deepEqual(it.next([], 0, 6000), left, 'asking again does not put it off');
  assert.equal(it.next([], 0, left.againAt).plan.keyFramesOnly, true);
  assert.equal(it.next([SMALL], 0, 9000).plan.keyFramesOnly, false);
});

test('who comes back before economy begins finds the decoder as it was', { timeout }, () => {
  const it = planning();
  const { plan } = it.next([SMALL], 0, 0);
  it.next([], 0, 1000);
  assert.deepEqual(it.next([SMALL], 0, 2500), { plan, againAt: Infinity });
  assert.equal(it.next([], 0, 3000).againAt, 3000 + ECONOMY_AFTER_MS, 'the time runs anew');
});

test('a size that nobody wants any more is planned again at the end of its linger', { timeout }, () => {
  const it = planning();
  it.next([SMALL, LARGE], 0, 0);
  const lingering = it.next([SMALL], 0, 1000);
  assert.deepEqual(
    lingering.plan.outputs.map(({ width, demands }) => [width, demands.length]),
    [
      [320, 1],
      [1280, 0],
    ],
  );
  assert.equal(lingering.againAt, 11_000);
  const after = it.next([SMALL], 0, lingering.againAt);
  assert.deepEqual(
    after.plan.outputs.map(({ width }) => width),
    [320],
  );
  assert.equal(after.againAt, Infinity);
});

test('degradation to key frames is planned at once, whatever lingers', { timeout }, () => {
  const it = planning();
  it.next([SMALL, LARGE], 0, 0);
  const { plan, againAt } = it.next([SMALL], 3, 1000);
  assert.equal(plan.keyFramesOnly, true);
  assert.equal(plan.outputs.length, 1);
  assert.equal(againAt, Infinity);
});
