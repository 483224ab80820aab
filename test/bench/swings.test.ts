import assert from 'node:assert/strict';
import { test } from 'node:test';
import { mostSwings } from '../../bench/over-capacity/swings.js';

test(
  'swings are the turns of one camera within a window, steps in one direction are none',
  { timeout: 30_000 },
  () => {
    const looks = [0, 1, 1, 0, 0, 1].map(
      (b, at) =>
        new Map([
          ['a', at < 3 ? 0 : 1],
          ['b', b],
        ]),
    );
    assert.equal(mostSwings(looks, 10), 2);
    assert.equal(mostSwings(looks, 2), 1);
    const down = [0, 1, 2, 2, 3].map((a) => new Map([['a', a]]));
    assert.equal(mostSwings(down, 10), 0);
    assert.equal(mostSwings([], 10), 0);
  },
);
