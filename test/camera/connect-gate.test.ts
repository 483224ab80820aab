import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ConnectGate } from '../../src/camera/connect-gate.js';
import { settle } from '../support/manual-clock.js';

const timeout = 5000;

/** `count` cameras at a gate of `slots`; says who is inside, in the order of entry. */
function crowd(slots: number, count: number) {
  const gate = new ConnectGate(slots);
  const inside: number[] = [];
  const leave = new Map<number, () => void>();
  const aborts = Array.from({ length: count }, (_, i) => {
    const abort = new AbortController();
    void gate.enter(abort.signal).then((exit) => {
      if (!exit) return;
      inside.push(i);
      leave.set(i, exit);
    });
    return abort;
  });
  return { gate, inside, leave, aborts };
}

test('four connect at once, the others wait in order', { timeout }, async () => {
  const { inside, leave } = crowd(4, 8);
  await settle();
  assert.deepEqual(inside, [0, 1, 2, 3]);
  leave.get(2)?.();
  leave.get(0)?.();
  await settle();
  assert.deepEqual(inside, [0, 1, 2, 3, 4, 5]);
});

test('leaving twice gives back one slot', { timeout }, async () => {
  const { inside, leave } = crowd(1, 3);
  await settle();
  leave.get(0)?.();
  leave.get(0)?.();
  await settle();
  assert.deepEqual(inside, [0, 1]);
});

test('whoever gives up while waiting is passed over', { timeout }, async () => {
  const { inside, leave, aborts } = crowd(1, 4);
  aborts[1]?.abort();
  aborts[2]?.abort();
  await settle();
  leave.get(0)?.();
  await settle();
  assert.deepEqual(inside, [0, 3]);
});

test('whoever gave up before is not let in', { timeout }, async () => {
  const gate = new ConnectGate(1);
  assert.equal(await gate.enter(AbortSignal.abort()), null);
  assert.ok(await gate.enter(new AbortController().signal));
});

test('giving up after the entry takes nobody else out of the line', { timeout }, async () => {
  const { inside, leave, aborts } = crowd(1, 3);
  await settle();
  aborts[0]?.abort();
  leave.get(0)?.();
  await settle();
  leave.get(1)?.();
  await settle();
  assert.deepEqual(inside, [0, 1, 2]);
});
