import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { DecodePlan } from '../../src/protocol.js';
import { SizeLinger } from '../../src/size-linger.js';

const timeout = 5000;

/** Sizes of 16:9 by their width, all wanted by somebody. */
const plan = (...widths: number[]): DecodePlan => ({
  outputs: widths.map((width) => ({
    width,
    height: (width * 9) / 16,
    demands: [{ key: `${width}x${(width * 9) / 16}q50`, quality: 50, fps: null }],
  })),
  keyFramesOnly: false,
});
const KEY_FRAMES: DecodePlan = { ...plan(640), keyFramesOnly: true };
const widths = (extended: DecodePlan): number[] => extended.outputs.map(({ width }) => width);

test(
  'a size that nobody wants any more is decoded for the linger, and encoded for nobody',
  { timeout },
  () => {
    const linger = new SizeLinger(10_000);
    assert.deepEqual(linger.extend(plan(320, 640), 0), plan(320, 640));
    assert.equal(linger.endsAt, Infinity);
    const extended = linger.extend(plan(640), 60_000);
    assert.deepEqual(extended.outputs, [{ width: 320, height: 180, demands: [] }, ...plan(640).outputs]);
    assert.equal(linger.endsAt, 70_000);
    assert.deepEqual(
      widths(linger.extend(plan(640), 69_999)),
      [320, 640],
      'another plan begins no new linger',
    );
    assert.deepEqual(widths(linger.extend(plan(640), 70_000)), [640]);
    assert.equal(linger.endsAt, Infinity);
  },
);

test('a size that is wanted again stays', { timeout }, () => {
  const linger = new SizeLinger(10_000);
  linger.extend(plan(320, 640), 0);
  linger.extend(plan(640), 1000);
  assert.deepEqual(linger.extend(plan(320, 640), 2000), plan(320, 640));
  assert.equal(linger.endsAt, Infinity);
  assert.deepEqual(widths(linger.extend(plan(640), 50_000)), [320, 640]);
});

test('key frames take another decoder in any case, so nothing lingers', { timeout }, () => {
  const linger = new SizeLinger(10_000);
  linger.extend(plan(320, 640), 0);
  assert.equal(linger.extend(KEY_FRAMES, 1000), KEY_FRAMES);
  assert.deepEqual(widths(linger.extend(plan(640), 1001)), [640]);
});

test('without a linger a size is given up at once', { timeout }, () => {
  const linger = new SizeLinger(0);
  linger.extend(plan(320, 640), 0);
  assert.deepEqual(widths(linger.extend(plan(640), 1)), [640]);
});
