import assert from 'node:assert/strict';
import { test } from 'node:test';
import { CameraPlan, type PlanLimits } from '../../src/camera/camera-plan.js';
import type { Want } from '../../src/decoding/decode-plan.js';

const timeout = 30_000;
const SMALL: Want = { rendition: { width: 320, height: 180, quality: 50 }, fps: null };
const LARGE: Want = { rendition: { width: 1280, height: 720, quality: 50 }, fps: null };
const LIMITS: PlanLimits = { share: 1, keyFrames: 'frequent' };
const LINGER_MS = 10_000;
const STANDBY = { width: 640, height: 360, quality: 50 };

const planning = () => new CameraPlan({ standby: STANDBY, maxFps: null, lingerMs: LINGER_MS });

test('before anybody came only key frames of the standby size are decoded', { timeout }, () => {
  assert.deepEqual(planning().next([], LIMITS, 0), {
    plan: { outputs: [{ width: 640, height: 360, demands: [] }], pictures: 'key_frames', video: false },
    againAt: Infinity,
  });
});

test('a watched plan stays until somebody asks for something else', { timeout }, () => {
  const { plan, againAt } = planning().next([SMALL], LIMITS, 0);
  assert.equal(plan.outputs[0]?.demands.length, 1);
  assert.equal(plan.pictures, 'all');
  assert.equal(againAt, Infinity);
});

test(
  'when the last viewer leaves, the decoder goes on unencoded, and economy begins after the linger',
  { timeout },
  () => {
    const it = planning();
    it.next([SMALL], LIMITS, 0);
    const left = it.next([], LIMITS, 5000);
    assert.deepEqual(left, {
      plan: { outputs: [{ width: 320, height: 180, demands: [] }], pictures: 'all', video: false },
      againAt: 5000 + LINGER_MS,
    });
    assert.deepEqual(it.next([], LIMITS, 6000), left, 'asking again does not put it off');
    assert.equal(it.next([], LIMITS, left.againAt).plan.pictures, 'key_frames');
    assert.equal(it.next([SMALL], LIMITS, 15_500).plan.pictures, 'all');
  },
);

test('who comes back before economy begins finds the decoder as it was', { timeout }, () => {
  const it = planning();
  const { plan } = it.next([SMALL], LIMITS, 0);
  it.next([], LIMITS, 1000);
  assert.deepEqual(it.next([SMALL], LIMITS, 10_900), { plan, againAt: Infinity });
  assert.equal(it.next([], LIMITS, 12_000).againAt, 12_000 + LINGER_MS, 'the time runs anew');
});

test('a size that nobody wants any more is planned again at the end of its linger', { timeout }, () => {
  const it = planning();
  it.next([SMALL, LARGE], LIMITS, 0);
  const lingering = it.next([SMALL], LIMITS, 1000);
  assert.deepEqual(
    lingering.plan.outputs.map(({ width, demands }) => [width, demands.length]),
    [
      [320, 1],
      [1280, 0],
    ],
  );
  assert.equal(lingering.againAt, 11_000);
  const after = it.next([SMALL], LIMITS, lingering.againAt);
  assert.deepEqual(
    after.plan.outputs.map(({ width }) => width),
    [320],
  );
  assert.equal(after.againAt, Infinity);
});

test(
  'a share that is too small for more than key frames is planned at once, whatever lingers',
  { timeout },
  () => {
    const it = planning();
    it.next([SMALL, LARGE], LIMITS, 0);
    const { plan, againAt } = it.next([SMALL], { ...LIMITS, share: 0.05 }, 1000);
    assert.equal(plan.pictures, 'key_frames');
    assert.equal(plan.outputs.length, 1);
    assert.equal(againAt, Infinity);
  },
);

test('where key frames are rare, neither economy nor a low rate decodes them alone', { timeout }, () => {
  const it = planning();
  const rare: PlanLimits = { share: 1, keyFrames: 'rare' };
  const slow: Want = { ...SMALL, fps: 1 };
  assert.equal(it.next([slow], LIMITS, 0).plan.pictures, 'key_frames');
  assert.equal(it.next([slow], rare, 5000).plan.pictures, 'all');
  it.next([], rare, 6000);
  assert.equal(it.next([], rare, 6000 + LINGER_MS).plan.pictures, 'all');
  assert.equal(it.next([slow], { share: 0.05, keyFrames: 'rare' }, 20_000).plan.pictures, 'key_frames');
  const missing: PlanLimits = { share: 0.05, keyFrames: 'missing' };
  assert.equal(it.next([slow], missing, 21_000).plan.pictures, 'all', 'nothing would be shown');
});
