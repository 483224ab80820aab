import assert from 'node:assert/strict';
import { test } from 'node:test';
import { IntakePace } from '../../src/rtsp/intake-pace.js';

const timeout = 5000;
const MEGABYTE = 1e6;

test('a camera in order is never left waiting, a burst of some key frames neither', { timeout }, () => {
  const pace = new IntakePace();
  assert.equal(pace.take(15 * MEGABYTE, 10_000, 1000), 0);
  for (let ms = 1000; ms < 11_000; ms += 40) assert.equal(pace.take(0.5 * MEGABYTE, 400, ms + 40), 0);
});

test('who sends without end is read at 32 MB a second', { timeout }, () => {
  const pace = new IntakePace();
  let now = 0;
  let taken = 0;
  while (now < 10_000) {
    now += pace.take(32 * 1024, 23, now);
    taken += 32 * 1024;
  }
  // The burst at the beginning comes on top.
  assert.ok(Math.abs(taken / MEGABYTE - 16 - 320) < 1, `${taken}`);
});

test('who sends tiny packets without end is read at 32,000 of them a second', { timeout }, () => {
  const pace = new IntakePace();
  let now = 0;
  let taken = 0;
  while (now < 10_000) {
    now += pace.take(32 * 1024, 2000, now);
    taken += 2000;
  }
  assert.ok(Math.abs(taken - 16_000 - 320_000) <= 2000, `${taken}`);
});
