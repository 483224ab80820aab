import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Coalesced } from '../../src/http/coalesced.js';
import { ManualClock, settle } from '../support/manual-clock.js';

const timeout = 30_000;

function counter(make: (count: number) => number | Promise<number> = (count) => count) {
  const clock = new ManualClock();
  let made = 0;
  const result = new Coalesced(() => make(++made), 200, clock);
  return { clock, result, made: () => made };
}

test(
  'the first who asks is served at once, and all who ask meanwhile get one and the same',
  { timeout },
  async () => {
    const { clock, result, made } = counter();
    assert.equal(await result.get(), 1);
    const waiting = Array.from({ length: 50 }, () => result.get());
    await settle();
    assert.equal(made(), 1, 'not before the interval is over');
    await clock.advance(200);
    assert.deepEqual(new Set(await Promise.all(waiting)), new Set([2]));
    assert.equal(made(), 2);
  },
);

test('twenty clients who ask without a pause cost five a second', { timeout }, async () => {
  const { clock, result, made } = counter();
  const client = async (): Promise<void> => {
    for (let i = 0; i < 1000; i++) await result.get();
  };
  for (let i = 0; i < 20; i++) void client();
  for (let ms = 0; ms < 2000; ms += 10) {
    await settle();
    await clock.advance(10);
  }
  await settle();
  assert.ok(made() >= 10 && made() <= 11, `${made()} in two seconds`);
});

test('nobody gets one from before the request, also while one is being made', { timeout }, async () => {
  let finish: (value: number) => void = () => undefined;
  const { clock, result } = counter((count) =>
    count === 1 ? new Promise<number>((resolve) => (finish = resolve)) : count,
  );
  const first = result.get();
  await settle();
  const second = result.get();
  await clock.advance(1000);
  await settle();
  finish(1);
  assert.equal(await first, 1);
  await settle();
  await clock.advance(1000);
  assert.equal(await second, 2);
});

test(
  'a failure is told to those who asked for it, and the next is made all the same',
  { timeout },
  async () => {
    const { clock, result } = counter((count) => {
      if (count === 1) throw new Error('no');
      return count;
    });
    await assert.rejects(result.get(), /no/);
    await clock.advance(200);
    assert.equal(await result.get(), 2);
  },
);
