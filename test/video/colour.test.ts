import assert from 'node:assert/strict';
import { test } from 'node:test';
import { aspectOf } from '../../src/video/colour.js';

const SQUARE = { width: 1, height: 1 };

test('a shape of samples that no camera has is taken for square', { timeout: 5000 }, () => {
  for (const [width, height] of [
    [65_535, 1],
    [1, 65_535],
    [0, 1],
    [9, 1],
  ] as const)
    assert.deepEqual(aspectOf(width, height), SQUARE, `${width}:${height}`);
  for (const [width, height] of [
    [2, 1],
    [160, 99],
    [1, 2],
    [65_535, 65_534],
  ] as const)
    assert.deepEqual(aspectOf(width, height), { width, height });
});
