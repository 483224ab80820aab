import assert from 'node:assert/strict';
import { test } from 'node:test';
import { decodable, shownOf } from '../../bench/packet-loss/decodable.js';

test('a picture that was lost costs the rest of its group', { timeout: 30_000 }, () => {
  const log = [0, 1, 2, 4, 5, 7, 8, 10, 11].map((absolute) => [absolute, absolute * 40] as const);
  const can = decodable(log, 5);
  assert.deepEqual([...can], [0, 1, 2, 5, 10, 11]);
  assert.deepEqual(shownOf([1, 2, 5, 7], can), { made: 7, expected: 3, shown: 4, unexpected: 1 });
  assert.deepEqual(shownOf([], can), { made: 0, expected: 0, shown: 0, unexpected: 0 });
});
