import assert from 'node:assert/strict';
import { test } from 'node:test';
import { NO_VIDEO } from '../support/fake-opener.js';
import { KeyFrameGap } from '../../src/camera/life/key-frame-gap.js';
import { Liveness, maxGapMs } from '../../src/camera/life/liveness.js';
import type { DecodePlan } from '../../src/shared/worker-protocol.js';

const timeout = 30_000;
const TIMES = { openMs: 10_000, stallMs: 5000 };
type Mode = Pick<DecodePlan, 'pictures' | 'groupShare'>;
const ALL: Mode = { pictures: 'all' };
const KEYS: Mode = { pictures: 'key_frames' };

function run(mode = ALL, gap = new KeyFrameGap(TIMES.stallMs)) {
  return { gap, liveness: new Liveness(TIMES, mode, gap, 0) };
}

test('the first frame is due by the open timeout, each later one by the stall timeout', { timeout }, () => {
  const { liveness } = run();
  assert.equal(liveness.overdue(9999), null);
  assert.equal(liveness.overdue(10_000), 'open_timeout');
  liveness.picture(9000);
  assert.equal(liveness.dueAt, 14_000);
  assert.equal(liveness.overdue(13_999), null);
  assert.equal(liveness.overdue(14_000), 'stall');
});

test('key frames may be thirteen times as far apart', { timeout }, () => {
  const { liveness, gap } = run(KEYS);
  assert.equal(liveness.overdue(10_000), 'open_timeout', 'but the first one is due in time');
  liveness.picture(1000);
  assert.equal(liveness.dueAt, 6000, 'by then it is clear that they are rare');
  assert.equal(liveness.noteLateKeyFrame(5999), false);
  assert.equal(liveness.noteLateKeyFrame(6000), true);
  assert.equal(gap.keyFrames, 'rare');
  assert.equal(liveness.dueAt, 66_000);
  assert.equal(liveness.overdue(66_000), 'stall');
});

test('when all frames are wanted again, the stall timeout begins then', { timeout }, () => {
  const { liveness } = run(KEYS);
  liveness.picture(1000);
  assert.equal(liveness.overdue(31_000), null);
  liveness.plan(ALL, 31_000);
  assert.equal(liveness.dueAt, 36_000);
  liveness.picture(32_000);
  assert.equal(liveness.dueAt, 37_000);
  liveness.plan(ALL, 40_000);
  assert.equal(liveness.dueAt, 37_000, 'another plan of the same kind is no sign of life');
});

test('the gap between key frames is learnt, and not across a pause or from other frames', { timeout }, () => {
  const { gap, liveness } = run(KEYS);
  assert.equal(maxGapMs(KEYS, gap), 20_000, 'nothing is known yet');
  assert.equal(maxGapMs(ALL, gap), undefined);
  liveness.picture(0);
  liveness.plan(ALL, 500);
  for (let at = 500; at < 30_000; at += 40) liveness.picture(at);
  liveness.plan(KEYS, 30_000);
  liveness.picture(31_000);
  assert.equal(maxGapMs(KEYS, gap), 20_000, 'still one key frame in a row');
  liveness.picture(35_000);
  assert.equal(maxGapMs(KEYS, gap), 10_000);
  const next = run(KEYS, gap);
  next.liveness.picture(90_000);
  assert.equal(maxGapMs(KEYS, gap), 10_000, 'the time between two runs is no gap');
});

test('while video comes and no key frame yet, that is awaited for a minute', { timeout }, () => {
  const { liveness } = run();
  assert.equal(liveness.awaitsKeyFrame, false, 'nothing comes');
  for (let at = 500; at < 30_000; at += 500) liveness.video({ ...NO_VIDEO, units: at / 40 }, at);
  assert.equal(liveness.awaitsKeyFrame, true);
  assert.equal(liveness.overdue(29_900), null);
  assert.equal(liveness.overdue(39_500), 'open_timeout', 'the video has stopped');
  for (let at = 30_000; at <= 65_500; at += 500) liveness.video({ ...NO_VIDEO, units: at / 40 }, at);
  assert.equal(liveness.overdue(65_400), null);
  assert.equal(liveness.overdue(65_500), 'no_key_frame');
});

test(
  'a key frame that comes later than the first picture was due has time to be decoded',
  { timeout },
  () => {
    const { liveness } = run();
    liveness.video({ ...NO_VIDEO, units: 25, keyFrames: 0 }, 1000);
    liveness.video({ ...NO_VIDEO, units: 700, keyFrames: 0 }, 28_000);
    liveness.video({ ...NO_VIDEO, units: 702, keyFrames: 1 }, 28_100);
    assert.equal(liveness.overdue(28_100), null);
    assert.equal(liveness.overdue(38_100), 'open_timeout', 'but not for ever');
  },
);

test(
  'an intra refresh in place of a key frame tells at once that all pictures are needed',
  { timeout },
  () => {
    const { liveness, gap } = run(KEYS);
    liveness.video({ ...NO_VIDEO, units: 2 }, 100);
    assert.equal(gap.keyFrames, 'frequent');
    liveness.video({ ...NO_VIDEO, units: 4, refreshes: 1 }, 200);
    assert.equal(gap.keyFrames, 'missing');
    liveness.video({ ...NO_VIDEO, units: 300, keyFrames: 2, keyFrameGapMs: 2000, refreshes: 3 }, 9000);
    assert.equal(gap.keyFrames, 'frequent');
  },
);

test(
  'while an intra refresh hides its pictures the next may be three stall timeouts away',
  { timeout },
  () => {
    const { liveness } = run();
    liveness.video({ ...NO_VIDEO, units: 25, keyFrames: 1, refreshes: 1 }, 900);
    liveness.picture(1000);
    for (let at = 1500; at <= 16_000; at += 500) {
      liveness.video({ ...NO_VIDEO, units: at / 40, keyFrames: 1, refreshes: 2 }, at);
      assert.equal(liveness.overdue(at), at < 16_000 ? null : 'bad_data', `${at}`);
    }
    liveness.picture(16_000);
    assert.equal(liveness.dueAt, 21_000, 'no refresh has begun since');
  },
);

test('video with key frames of which no picture comes is bad data', { timeout }, () => {
  const { liveness } = run();
  for (let at = 500; at <= 10_000; at += 500)
    liveness.video({ ...NO_VIDEO, units: at / 40, keyFrames: 1 + at / 1000 }, at);
  assert.equal(liveness.overdue(9999), null);
  assert.equal(liveness.overdue(10_000), 'bad_data');
  liveness.picture(9000);
  for (let at = 10_500; at <= 14_000; at += 500)
    liveness.video({ ...NO_VIDEO, units: at / 40, keyFrames: 1 + at / 1000 }, at);
  assert.equal(liveness.overdue(14_000), 'bad_data');
});

test('a camera at key frames that sends nothing at all is noticed by the stall timeout', { timeout }, () => {
  const { liveness } = run(KEYS);
  liveness.picture(1000);
  liveness.video({ ...NO_VIDEO, units: 30, keyFrames: 1, keyFrameGapMs: 30_000 }, 1000);
  liveness.video({ ...NO_VIDEO, units: 900, keyFrames: 1, keyFrameGapMs: 30_000 }, 20_000);
  assert.equal(liveness.overdue(24_999), null);
  assert.equal(liveness.overdue(25_000), 'stall');
});

test(
  'with video alone the units tell that the camera lives, and few pictures teach nothing',
  { timeout },
  () => {
    const { gap, liveness } = run({ pictures: 'sampled' });
    liveness.picture(1000);
    for (let at = 1000; at <= 60_000; at += 500) {
      liveness.video({ ...NO_VIDEO, units: at / 40, keyFrames: at / 1000, keyFrameGapMs: 1000 }, at);
      if (at % 5000 === 0) liveness.picture(at);
      assert.equal(liveness.overdue(at), null);
      assert.equal(liveness.noteLateKeyFrame(at), false);
    }
    assert.equal(gap.keyFrames, 'frequent');
    assert.equal(maxGapMs({ pictures: 'sampled' }, gap), undefined, 'viewers see every picture');
    assert.equal(liveness.overdue(64_999), null);
    assert.equal(liveness.overdue(65_000), 'stall');
  },
);

test('with video alone, a camera of which no key frame has come for 5 s may have none', { timeout }, () => {
  const { gap, liveness } = run({ pictures: 'sampled' });
  for (let at = 500; at <= 6000; at += 500) liveness.video({ ...NO_VIDEO, units: at / 40 }, at);
  assert.equal(liveness.noteLateKeyFrame(6000), true);
  assert.equal(gap.keyFrames, 'missing');
});

test('the distance of key frames is learnt from the worker whatever is decoded', { timeout }, () => {
  const { gap, liveness } = run();
  assert.equal(gap.keyFrames, 'frequent');
  liveness.video({ ...NO_VIDEO, units: 900, keyFrames: 2, keyFrameGapMs: 30_000 }, 1000);
  assert.equal(gap.keyFrames, 'rare');
  assert.equal(maxGapMs(KEYS, gap), 45_000);
  liveness.video({ ...NO_VIDEO, units: 950, keyFrames: 4, keyFrameGapMs: 2000 }, 2000);
  assert.equal(gap.keyFrames, 'frequent');
});

test('key frames that never come are missing, not rare', { timeout }, () => {
  const { gap, liveness } = run(KEYS);
  assert.equal(liveness.noteLateKeyFrame(5000), true);
  assert.equal(gap.keyFrames, 'missing');
});
