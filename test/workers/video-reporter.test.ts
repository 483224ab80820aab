import assert from 'node:assert/strict';
import { test } from 'node:test';
import { VideoReporter } from '../../workers/video-reporter.js';
import { accessUnit, formatOf } from '../support/access-units.js';

const timeout = 30_000;
const FORMAT = formatOf('h264');
const unit = (timeMs: number, isKey: boolean, lateMs = 0) => ({
  ...accessUnit(FORMAT, new Uint8Array(1), timeMs),
  arrivedAt: timeMs + lateMs,
  randomAccess: isKey ? ('key' as const) : ('none' as const),
});

test('units, key frames and the longest distance of the newest key frames are told', { timeout }, () => {
  const reporter = new VideoReporter();
  assert.equal(reporter.take(0, 0, 0).keyFrameGapMs, null);
  for (const [at, isKey] of [
    [0, true],
    [40, false],
    [1000, true],
    [4000, true],
    [5000, true],
  ] as const)
    reporter.unit(unit(at, isKey));
  reporter.picture(4000);
  const { units, keyFrames, keyFrameGapMs, pictureAt } = reporter.take(0, 0, 0);
  assert.deepEqual(
    { units, keyFrames, keyFrameGapMs, pictureAt },
    { units: 5, keyFrames: 4, keyFrameGapMs: 3000, pictureAt: 4000 },
  );
  for (const at of [6000, 7000, 8000, 9000]) reporter.unit(unit(at, true));
  assert.equal(reporter.take(0, 0, 0).keyFrameGapMs, 1000);
});

test('where an intra refresh begins is no key frame', { timeout }, () => {
  const reporter = new VideoReporter();
  const refresh = { ...unit(0, false), randomAccess: 'recovery' as const, recoveryFrames: 10 };
  for (const one of [refresh, unit(40, false), { ...refresh, recoveryFrames: 0 }]) reporter.unit(one);
  const { keyFrames, refreshes } = reporter.take(0, 0, 0);
  assert.deepEqual({ keyFrames, refreshes }, { keyFrames: 1, refreshes: 1 });
});

test('lateness is what all units of the period are late by: one late packet is none', { timeout }, () => {
  const reporter = new VideoReporter();
  reporter.unit(unit(0, true));
  reporter.unit(unit(40, false, 300));
  reporter.unit(unit(80, false));
  assert.equal(reporter.take(0, 0, 0).latenessMs, 0);
  reporter.unit(unit(120, false, 700));
  reporter.unit(unit(160, false, 650));
  assert.equal(reporter.take(0, 0, 0).latenessMs, 650);
  assert.equal(reporter.take(0, 0, 0).latenessMs, 650, 'as the last one, when none comes');
});

test('units that wait for a key frame are units: the camera sends', { timeout }, () => {
  const reporter = new VideoReporter();
  assert.equal(reporter.take(0, 0, 12).units, 12);
  reporter.unit(unit(0, true));
  assert.equal(reporter.take(0, 0, 12).units, 13);
});
