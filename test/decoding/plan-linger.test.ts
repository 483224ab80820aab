import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { DecodePlan } from '../../src/shared/worker-protocol.js';
import { PlanLinger } from '../../src/decoding/plan-linger.js';

const timeout = 30_000;

/** Sizes of 16:9 by their width, all wanted by somebody. */
const plan = (...widths: number[]): DecodePlan => ({
  outputs: widths.map((width) => ({
    width,
    height: (width * 9) / 16,
    demands: [{ key: `${width}x${(width * 9) / 16}q50`, quality: 50, fps: null }],
  })),
  pictures: 'all',
  video: false,
});
const KEY_FRAMES: DecodePlan = { ...plan(640), pictures: 'key_frames' };
const widths = (extended: DecodePlan): number[] => extended.outputs.map(({ width }) => width);

test(
  'a size that nobody wants any more is decoded for the linger, and encoded for nobody',
  { timeout },
  () => {
    const linger = new PlanLinger({ width: 640, height: 360 }, 10_000);
    assert.deepEqual(linger.extend(plan(640, 320), 0, false), plan(640, 320));
    assert.equal(linger.endsAt, Infinity);
    const extended = linger.extend(plan(640), 60_000, false);
    assert.deepEqual(extended.outputs, [...plan(640).outputs, { width: 320, height: 180, demands: [] }]);
    assert.equal(linger.endsAt, 70_000);
    assert.deepEqual(
      widths(linger.extend(plan(640), 69_999, false)),
      [640, 320],
      'another plan begins no new linger',
    );
    assert.deepEqual(widths(linger.extend(plan(640), 70_000, false)), [640]);
    assert.equal(linger.endsAt, Infinity);
  },
);

test('a size that is wanted again stays', { timeout }, () => {
  const linger = new PlanLinger({ width: 640, height: 360 }, 10_000);
  linger.extend(plan(640, 320), 0, false);
  linger.extend(plan(640), 1000, false);
  assert.deepEqual(linger.extend(plan(640, 320), 2000, false), plan(640, 320));
  assert.equal(linger.endsAt, Infinity);
  assert.deepEqual(widths(linger.extend(plan(640), 50_000, false)), [640, 320]);
});

test(
  'all frames are decoded on for the linger when key frames would do, unless the machine must save',
  { timeout },
  () => {
    const linger = new PlanLinger({ width: 640, height: 360 }, 10_000);
    assert.equal(linger.extend(KEY_FRAMES, 0, false), KEY_FRAMES, 'nothing was decoded before');
    linger.extend(plan(640, 320), 1000, false);
    assert.deepEqual(linger.extend(KEY_FRAMES, 2000, false), {
      outputs: [...plan(640).outputs, { width: 320, height: 180, demands: [] }],
      pictures: 'all',
      video: false,
    });
    assert.equal(linger.endsAt, 12_000);
    assert.equal(linger.extend(KEY_FRAMES, 12_000, false), KEY_FRAMES);
    assert.equal(linger.endsAt, Infinity);
    assert.deepEqual(widths(linger.extend(plan(640), 12_001, false)), [640], 'that took another decoder');
    assert.equal(linger.extend(KEY_FRAMES, 13_000, true), KEY_FRAMES);
    assert.equal(linger.endsAt, Infinity);
  },
);

test('without a linger a size is given up at once', { timeout }, () => {
  const linger = new PlanLinger({ width: 640, height: 360 }, 0);
  linger.extend(plan(640, 320), 0, false);
  assert.deepEqual(widths(linger.extend(plan(640), 1, false)), [640]);
});
