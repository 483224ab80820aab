import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { Histogram, distribution, percentile } from '../../bench/lib/stats.js';
import { TokenBucket } from '../../bench/lib/token-bucket.js';
import { ViewerStats } from '../../bench/lib/viewer-stats.js';
import { summarize, type LoadResult } from '../../bench/lib/viewer-load.js';

test('a percentile is the value of the nearest rank', { timeout: 30_000 }, () => {
  const values = Array.from({ length: 100 }, (_, at) => at + 1);
  assert.equal(percentile(values, 50), 50);
  assert.equal(percentile(values, 99), 99);
  assert.equal(percentile(values, 100), 100);
  assert.equal(percentile(values, 0), 1);
  assert.equal(percentile([7], 50), 7);
  assert.ok(Number.isNaN(percentile([], 50)));
});

test('the distribution of nothing is null and not zero', { timeout: 30_000 }, () => {
  assert.equal(distribution([]), null);
  assert.equal(new Histogram().summary(), null);
  assert.deepEqual(distribution([3, 1, 2]), { count: 3, min: 1, mean: 2, p50: 2, p90: 3, p99: 3, max: 3 });
});

test('a histogram is at most 2.3 % from the exact percentile', { timeout: 30_000 }, () => {
  const values = fc.array(fc.double({ min: 0.01, max: 100_000, noNaN: true }), {
    minLength: 1,
    maxLength: 300,
  });
  fc.assert(
    fc.property(values, fc.integer({ min: 0, max: 100 }), (list, p) => {
      const histogram = new Histogram();
      for (const value of list) histogram.add(value);
      const exact = percentile(
        [...list].sort((a, b) => a - b),
        p,
      );
      assert.ok(Math.abs(histogram.percentile(p) - exact) <= exact * 0.023);
      assert.equal(histogram.max, Math.max(...list));
    }),
  );
});

test('merged histograms are the histogram of all values, also through JSON', { timeout: 30_000 }, () => {
  const [left, right, both] = [new Histogram(), new Histogram(), new Histogram()];
  for (const value of [0, 1, 5, 40]) left.add(value);
  for (const value of [40, 41, 9e9]) right.add(value);
  for (const value of [0, 1, 5, 40, 40, 41, 9e9]) both.add(value);
  left.mergeData(JSON.parse(JSON.stringify(right.toData())) as ReturnType<Histogram['toData']>);
  left.merge(new Histogram());
  assert.deepEqual(left.toData(), both.toData());
  left.clear();
  assert.equal(left.count, 0);
  assert.throws(() => left.mergeData({ buckets: [[100_000, 1]], sum: 0, min: 0, max: 0 }), RangeError);
});

test(
  'a token bucket lets its rate through in the long run, whatever the read sizes',
  { timeout: 30_000 },
  () => {
    fc.assert(
      fc.property(
        fc.array(fc.integer({ min: 1, max: 5000 }), { minLength: 200, maxLength: 300 }),
        (reads) => {
          const bucket = new TokenBucket(100_000, 1000, 0);
          let now = 0;
          for (const bytes of reads) now += bucket.take(bytes, now);
          const total = reads.reduce((sum, bytes) => sum + bytes, 0);
          assert.ok(Math.abs(now - (total - 1000) / 100) < 0.01);
        },
      ),
    );
    assert.throws(() => new TokenBucket(0, 1, 0), RangeError);
  },
);

test(
  'a gap that began before the window counts in full, and an open one is told',
  { timeout: 30_000 },
  () => {
    const stats = new ViewerStats(1000);
    stats.frame(10, true, 1500);
    stats.beginWindow();
    stats.frame(10, false, 2500);
    assert.equal(stats.firstFrameMs, 500);
    assert.deepEqual([stats.frames, stats.bytes, stats.torn, stats.gaps.max], [1, 10, 1, 1000]);
    assert.equal(stats.openGapMs(2600), 100);
  },
);

test(
  'a summary keeps viewers that got nothing, and the stall that has not ended',
  { timeout: 30_000 },
  () => {
    const gaps = new Histogram();
    gaps.add(40);
    const viewer = { bytes: 100, torn: 0, openGapMs: 10 };
    const half = (viewers: LoadResult['viewers']): LoadResult => ({
      viewers,
      gaps: gaps.toData(),
      seconds: 2,
      cpuSeconds: 1,
      loopBusy: 0.75,
    });
    const summary = summarize([
      half([
        { ...viewer, frames: 50, firstFrameMs: 5 },
        { ...viewer, frames: 50, firstFrameMs: 7 },
      ]),
      half([{ ...viewer, frames: 0, bytes: 0, openGapMs: 9000, closed: { code: 4503, reason: 'full' } }]),
    ]);
    assert.equal(summary.viewers, 3);
    assert.equal(summary.withoutFrame, 1);
    assert.equal(summary.framesPerSecond, 50);
    assert.equal(summary.below90, 1);
    assert.equal(summary.fps?.min, 0);
    assert.equal(summary.gapsMs?.max, 9000);
    assert.deepEqual(summary.closed, { 4503: 1 });
    assert.deepEqual(summary.closeReasons, { 4503: 'full' });
    assert.deepEqual(
      [summary.loadCpu, summary.loadBusy],
      [
        [0.5, 0.5],
        [0.75, 0.75],
      ],
    );
  },
);
