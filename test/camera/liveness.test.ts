import assert from 'node:assert/strict';
import { test } from 'node:test';
import { KeyFrameGap } from '../../src/camera/key-frame-gap.js';
import { Liveness, maxGapMs } from '../../src/camera/liveness.js';

const timeout = 5000;
const TIMES = { openMs: 10_000, stallMs: 5000 };
const ALL = { keyFramesOnly: false };
const KEYS = { keyFramesOnly: true };

function run(mode = ALL, gap = new KeyFrameGap(TIMES.stallMs)) {
  return { gap, liveness: new Liveness(TIMES, mode, gap, 0) };
}

test('the first frame is due by the open timeout, each later one by the stall timeout', { timeout }, () => {
  const { liveness } = run();
  assert.equal(liveness.overdue(9999), null);
  assert.equal(liveness.overdue(10_000), 'open_timeout');
  liveness.frame(9000);
  assert.equal(liveness.dueAt, 14_000);
  assert.equal(liveness.overdue(13_999), null);
  assert.equal(liveness.overdue(14_000), 'stall');
});

test('key frames may be thirteen times as far apart', { timeout }, () => {
  const { liveness } = run(KEYS);
  assert.equal(liveness.dueAt, 10_000, 'but the first one is due in time');
  liveness.frame(1000);
  assert.equal(liveness.dueAt, 66_000);
});

test('when all frames are wanted again, the stall timeout begins then', { timeout }, () => {
  const { liveness } = run(KEYS);
  liveness.frame(1000);
  liveness.plan(ALL, 31_000);
  assert.equal(liveness.dueAt, 36_000);
  liveness.frame(32_000);
  assert.equal(liveness.dueAt, 37_000);
  liveness.plan(ALL, 40_000);
  assert.equal(liveness.dueAt, 37_000, 'another plan of the same kind is no sign of life');
});

test('the gap between key frames is learnt, and not across a pause or from other frames', { timeout }, () => {
  const { gap, liveness } = run(KEYS);
  assert.equal(maxGapMs(KEYS, gap), 20_000, 'nothing is known yet');
  assert.equal(maxGapMs(ALL, gap), undefined);
  liveness.frame(0);
  liveness.plan(ALL, 500);
  for (let at = 500; at < 30_000; at += 40) liveness.frame(at);
  liveness.plan(KEYS, 30_000);
  liveness.frame(31_000);
  assert.equal(maxGapMs(KEYS, gap), 20_000, 'still one key frame in a row');
  liveness.frame(35_000);
  assert.equal(maxGapMs(KEYS, gap), 10_000);
  const next = run(KEYS, gap);
  next.liveness.frame(90_000);
  assert.equal(maxGapMs(KEYS, gap), 10_000, 'the time between two runs is no gap');
});
