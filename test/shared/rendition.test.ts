import assert from 'node:assert/strict';
import { test } from 'node:test';
import { QUALITY_STEPS, snapQuality } from '../../src/shared/rendition.js';

const timeout = 30_000;

test('any quality becomes the nearest step, and the default is one', { timeout }, () => {
  for (const [wanted, fallback, got] of [
    [1, 50, 20],
    [27, 50, 20],
    [28, 50, 35],
    [50, 50, 50],
    [58, 50, 65],
    [100, 50, 100],
    [72, 70, 70],
    [73, 70, 70],
    [70, 70, 70],
  ] as const)
    assert.equal(snapQuality(wanted, fallback), got, `${wanted} with ${fallback}`);
  const all = Array.from({ length: 100 }, (_, i) => snapQuality(i + 1, 42));
  assert.deepEqual(
    [...new Set(all)],
    [...QUALITY_STEPS, 42].sort((a, b) => a - b),
  );
});
