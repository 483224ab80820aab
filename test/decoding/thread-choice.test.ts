import assert from 'node:assert/strict';
import { test } from 'node:test';
import { chooseThread, poolShape } from '../../src/decoding/thread-choice.js';

const timeout = 30_000;

/** What Piscina tells of a thread with so many runs, all of which can be aborted. */
const thread = (id: number, runs: number) => ({
  id,
  currentUsage: runs === 1 ? Infinity : runs,
  isRunningAbortableTask: runs === 1,
});
const SHAPE = { threads: 3, runsPerThread: 4 };
const chosen = (...runs: number[]): number | undefined =>
  chooseThread(
    runs.map((count, i) => thread(i, count)),
    SHAPE,
  )?.id;

test('two threads for each core share the runs, and no run is without a place', { timeout }, () => {
  assert.deepEqual(poolShape(108, 2), { threads: 4, runsPerThread: 27 });
  assert.deepEqual(poolShape(109, 2), { threads: 4, runsPerThread: 28 });
  assert.deepEqual(poolShape(2, 8), { threads: 2, runsPerThread: 1 });
  assert.deepEqual(poolShape(1, 1), { threads: 1, runsPerThread: 1 });
});

test('a run gets a thread of its own as long as more may be started', { timeout }, () => {
  assert.equal(chosen(), undefined);
  assert.equal(chosen(1), undefined);
  assert.equal(chosen(2, 1), undefined);
});

test('a thread without a run is taken before another is started', { timeout }, () => {
  assert.equal(chosen(1, 0), 1);
  assert.equal(chosen(0), 0);
});

test(
  'when all threads run, the one with the fewest runs is taken, the oldest among equals',
  { timeout },
  () => {
    assert.equal(chosen(1, 1, 1), 0);
    assert.equal(chosen(2, 1, 1), 1);
    assert.equal(chosen(2, 3, 1), 2);
    assert.equal(chosen(4, 4, 3), 2);
  },
);

test('no thread gets more runs than it may have', { timeout }, () => {
  assert.equal(chosen(4, 4, 4), undefined);
});
