import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  ConnectGate,
  type ConnectRank,
  LONGEST_SLOT_MS,
  SLOT_MS,
} from '../../src/camera/life/connect-gate.js';
import { ManualClock, settle } from '../support/manual-clock.js';

const timeout = 30_000;

const WATCHED = { failedLast: false, rank: (): ConnectRank => 'watched' };

/** `count` cameras at a gate of `slots`; says who is inside, in the order of entry. */
function crowd(slots: number, count: number) {
  const clock = new ManualClock();
  const gate = new ConnectGate(slots, clock);
  const inside: number[] = [];
  const started = new Map<number, () => void>();
  const leave = new Map<number, () => void>();
  const aborts = Array.from({ length: count }, (_, i) => {
    const abort = new AbortController();
    void gate.enter(WATCHED, abort.signal).then((slot) => {
      if (!slot) return;
      inside.push(i);
      started.set(i, () => {
        slot.started();
      });
      leave.set(i, () => {
        slot.leave();
      });
    });
    return abort;
  });
  return { clock, gate, inside, started, leave, aborts };
}

test('four connect at once, of the others in turn the first and the last', { timeout }, async () => {
  const { inside, leave } = crowd(4, 8);
  await settle();
  assert.deepEqual(inside, [0, 1, 2, 3]);
  leave.get(2)?.();
  leave.get(0)?.();
  await settle();
  assert.deepEqual(inside, [0, 1, 2, 3, 7, 4]);
});

test('leaving twice gives back one slot', { timeout }, async () => {
  const { inside, leave } = crowd(1, 3);
  await settle();
  leave.get(0)?.();
  leave.get(0)?.();
  await settle();
  assert.deepEqual(inside, [0, 2]);
});

test('a camera that gives up while it waits is passed over', { timeout }, async () => {
  const { inside, leave, aborts } = crowd(1, 4);
  aborts[1]?.abort();
  aborts[2]?.abort();
  await settle();
  leave.get(0)?.();
  await settle();
  assert.deepEqual(inside, [0, 3]);
});

test('a camera that gave up before is not let in', { timeout }, async () => {
  const gate = new ConnectGate(1, new ManualClock());
  assert.equal(await gate.enter(WATCHED, AbortSignal.abort()), null);
  assert.ok(await gate.enter(WATCHED, new AbortController().signal));
});

test('giving up after the entry takes nobody else out of the line', { timeout }, async () => {
  const { inside, leave, aborts } = crowd(1, 3);
  await settle();
  aborts[0]?.abort();
  leave.get(0)?.();
  await settle();
  leave.get(2)?.();
  await settle();
  assert.deepEqual(inside, [0, 2, 1]);
});

test(
  'a silent camera gives its slot up soon after its worker has started, and only once',
  { timeout },
  async () => {
    const { clock, inside, started, leave } = crowd(1, 3);
    await clock.advance(1000);
    started.get(0)?.();
    await clock.advance(SLOT_MS - 1);
    assert.deepEqual(inside, [0]);
    await clock.advance(1);
    assert.deepEqual(inside, [0, 2]);
    leave.get(0)?.();
    started.get(0)?.();
    await settle();
    assert.deepEqual(inside, [0, 2]);
    leave.get(2)?.();
    await settle();
    leave.get(1)?.();
    assert.equal(clock.pending, 0);
  },
);

test('a camera whose worker does not start gives its slot up too', { timeout }, async () => {
  const { clock, inside } = crowd(1, 2);
  await clock.advance(LONGEST_SLOT_MS - 1);
  assert.deepEqual(inside, [0]);
  await clock.advance(1);
  assert.deepEqual(inside, [0, 1]);
});

test(
  'cameras that were live and those with viewers come first, as it is when a slot is free',
  { timeout },
  async () => {
    const clock = new ManualClock();
    const gate = new ConnectGate(1, clock);
    const ranks: ConnectRank[] = ['watched', 'unwatched', 'unwatched', 'watched', 'was_live'];
    const inside: number[] = [];
    ranks.forEach((_, i) => {
      const request = { failedLast: false, rank: () => ranks[i] ?? 'unwatched' };
      void gate.enter(request, new AbortController().signal).then(() => inside.push(i));
    });
    await settle();
    ranks[2] = 'watched';
    await clock.advance(5 * LONGEST_SLOT_MS);
    assert.deepEqual(inside, [0, 4, 2, 3, 1]);
  },
);

test('cameras that failed last time wait among themselves', { timeout }, async () => {
  const clock = new ManualClock();
  const gate = new ConnectGate(4, clock);
  const inside: string[] = [];
  const enter = (name: string, failedLast: boolean): void => {
    const request = { ...WATCHED, failedLast };
    void gate.enter(request, new AbortController().signal).then(() => inside.push(name));
  };
  for (let i = 0; i < 20; i++) enter('failed', true);
  enter('new', false);
  await settle();
  assert.deepEqual(inside, ['failed', 'failed', 'new']);
});
