import assert from 'node:assert/strict';
import { test } from 'node:test';
import { RetryPause } from '../../src/camera/life/retry-pause.js';
import { ManualClock } from '../support/manual-clock.js';

const timeout = 30_000;

function pausing() {
  const clock = new ManualClock();
  const pause = new RetryPause(clock);
  const over: number[] = [];
  const wait = (ms: number): void => void pause.wait(ms).then(() => over.push(clock.now()));
  return { clock, pause, over, wait };
}

test('a pause ends after its time', { timeout }, async () => {
  const it = pausing();
  it.wait(1000);
  await it.clock.advance(999);
  assert.deepEqual(it.over, []);
  await it.clock.advance(1);
  assert.deepEqual(it.over, [1000]);
  assert.equal(it.clock.pending, 0);
});

test('a pause is shortened, never made longer, and the next one is not touched', { timeout }, async () => {
  const it = pausing();
  it.pause.shorten(5);
  it.wait(1000);
  it.pause.shorten(2000);
  it.pause.shorten(300);
  it.pause.shorten(700);
  await it.clock.advance(300);
  assert.deepEqual(it.over, [300]);
  it.wait(1000);
  await it.clock.advance(5000);
  assert.deepEqual(it.over, [300, 1300]);
  it.wait(1000);
  it.pause.shorten(10);
  await it.clock.advance(0);
  assert.deepEqual(it.over, [300, 1300, 5300], 'a time in the past is now');
});

test('after the end nothing pauses any more', { timeout }, async () => {
  const it = pausing();
  it.wait(1000);
  it.pause.close();
  await it.clock.advance(0);
  it.wait(1000);
  await it.clock.advance(0);
  assert.deepEqual(it.over, [0, 0]);
  assert.equal(it.clock.pending, 0);
});
