import assert from 'node:assert/strict';
import { test } from 'node:test';
import { mostSwings } from '../../bench/over-capacity/swings.js';

test('swings are the changes of one camera within a window', { timeout: 5000 }, () => {
  const looks = [0, 1, 1, 0, 0, 1].map(
    (b, at) =>
      new Map([
        ['a', at < 3 ? 0 : 1],
        ['b', b],
      ]),
  );
  assert.equal(mostSwings(looks, 10), 3);
  assert.equal(mostSwings(looks, 3), 2);
  assert.equal(mostSwings(looks, 1), 1);
  assert.equal(mostSwings([], 10), 0);
});
