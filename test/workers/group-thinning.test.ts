import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { GroupThinning } from '../../workers/group-thinning.js';

const timeout = 30_000;

/** For groups of these lengths: how many pictures of each are decoded. */
function decoded(groups: readonly number[], share: number): number[] {
  const thinning = new GroupThinning();
  return groups.map((length) => {
    const left = Array.from({ length }, (_, i) => thinning.leavesOut(i === 0, share));
    assert.equal(left.lastIndexOf(false) + 1, left.filter((out) => !out).length, 'only the end is left out');
    return left.lastIndexOf(false) + 1;
  });
}

test('all pictures are decoded at a share of 1', { timeout }, () => {
  assert.deepEqual(decoded([25, 25, 10, 40], 1), [25, 25, 10, 40]);
});

test('the end of each group is left out, from the second group on', { timeout }, () => {
  assert.deepEqual(decoded([25, 25, 25, 25], 0.8), [25, 20, 20, 20]);
  assert.deepEqual(
    decoded([50, 50, 25, 25, 25], 0.6),
    [50, 30, 25, 15, 15],
    'a group is as long as the last',
  );
});

test('a share that is no whole number of pictures comes out right over some groups', { timeout }, () => {
  const [, ...groups] = decoded(
    Array.from({ length: 41 }, () => 12),
    0.95,
  );
  const sum = groups.reduce((all, count) => all + count, 0);
  assert.ok(Math.abs(sum / (40 * 12) - 0.95) < 0.005, String(sum));
});

test('what comes before the first key frame says nothing of a group’s length', { timeout }, () => {
  const thinning = new GroupThinning();
  for (let i = 0; i < 3; i++) assert.equal(thinning.leavesOut(false, 0.5), false);
  const group = Array.from({ length: 10 }, (_, i) => thinning.leavesOut(i === 0, 0.5));
  assert.ok(!group.includes(true));
});

test('a key frame is always decoded, and a new share holds from the next group on', { timeout }, () => {
  const shares = fc.array(
    fc.tuple(fc.integer({ min: 1, max: 60 }), fc.double({ min: 0.01, max: 1, noNaN: true })),
  );
  fc.assert(
    fc.property(shares, (groups) => {
      const thinning = new GroupThinning();
      for (const [length, share] of groups)
        for (let i = 0; i < length; i++) {
          const isOut = thinning.leavesOut(i === 0, share);
          if (i === 0) assert.equal(isOut, false);
        }
    }),
  );
});
