import assert from 'node:assert/strict';
import { test } from 'node:test';
import { identifyNumber } from '../../bench/lib/frame-age.js';
import { isTrend, linearFit } from '../../bench/soak/trend.js';

const options = { timeout: 30_000 };
const TOLERANCE = { share: 0.1, absolute: 5 };
/** A value that wanders by +-10 around 100 without going anywhere. */
const wander = (x: number): number => 100 + 10 * Math.sin(x * 2.4);

test('a leak under the noise is seen as a trend, the noise alone is not', options, () => {
  const xs = Array.from({ length: 200 }, (_, i) => i);
  const flat = linearFit(xs.map((x) => [x, wander(x)]));
  const leak = linearFit(xs.map((x) => [x, wander(x) + x * 0.2]));
  assert.ok(flat && leak);
  assert.equal(isTrend(flat, TOLERANCE), false);
  assert.equal(isTrend(leak, TOLERANCE), true);
  assert.ok(Math.abs(leak.slope - 0.2) < 0.02 && Math.abs(leak.growth - 0.2 * 199) < 4);
});

test('what shrinks is no trend, and two points are no fit', options, () => {
  const shrinking = linearFit([0, 1, 2, 3, 4].map((x) => [x, 100 - 20 * x]));
  assert.ok(shrinking);
  assert.equal(isTrend(shrinking, TOLERANCE), false);
  assert.equal(
    linearFit([
      [0, 1],
      [1, 2],
    ]),
    null,
  );
});

test('a frame is the newest sent picture of its number, however often the loop went round', options, () => {
  const log = Array.from({ length: 50 }, (_, i) => [100 + i, 1000 + i * 40] as const);
  assert.deepEqual(identifyNumber(120 % 8, 1000 + 20 * 40 + 15, log, 8), { absolute: 120, ageMs: 15 });
  assert.deepEqual(identifyNumber(119 % 8, 1000 + 20 * 40 + 15, log, 8), { absolute: 119, ageMs: 55 });
  assert.equal(identifyNumber(3, 999, log, 8), null, 'received before anything was sent');
  assert.equal(identifyNumber(99 % 64, 1000, log, 64), null, 'sent before the log begins');
});
