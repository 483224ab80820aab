import assert from 'node:assert/strict';
import { test } from 'node:test';
import { IntakePace, SharedIntake } from '../../src/rtsp/intake-pace.js';

const timeout = 30_000;
const MEGABYTE = 1e6;
const TURN = 32 * 1024;
const SECONDS = 10;

/** How many megabytes are taken within SECONDS from cameras of one thread that send so many megabytes a second. */
function taken(...rates: readonly number[]): number[] {
  const shared = new SharedIntake();
  const cameras = rates.map((rate) => ({ rate, pace: new IntakePace(shared), at: 0, bytes: 0 }));
  for (;;) {
    const [next] = [...cameras].sort((a, b) => a.at - b.at);
    if (!next || next.at >= SECONDS * 1000) return cameras.map(({ bytes }) => bytes / MEGABYTE);
    next.bytes += TURN;
    next.at += Math.max(next.pace.take(TURN, 23, next.at), TURN / 1000 / next.rate);
  }
}

test('a camera in order is never left waiting, a burst of some key frames neither', { timeout }, () => {
  const pace = new IntakePace(new SharedIntake());
  for (let bytes = 0; bytes < 15 * MEGABYTE; bytes += TURN) assert.equal(pace.take(TURN, 23, 1000), 0);
  for (let ms = 2000; ms < 12_000; ms += 40) assert.equal(pace.take(0.5 * MEGABYTE, 400, ms + 40), 0);
});

test('who sends without end is read at 32 MB a second', { timeout }, () => {
  const [alone = 0] = taken(1000);
  // The burst at the beginning comes on top.
  assert.ok(Math.abs(alone - 16 - 320) < 4, String(alone));
});

test('who sends tiny packets without end is read at 32,000 of them a second', { timeout }, () => {
  const pace = new IntakePace(new SharedIntake());
  let now = 0;
  let packets = 0;
  while (now < 10_000) {
    now += pace.take(TURN, 2000, now);
    packets += 2000;
  }
  assert.ok(Math.abs(packets - 16_000 - 320_000) <= 12_000, String(packets));
});

test('those of a thread who send without end share what is beyond 6 MB a second', { timeout }, () => {
  const all = taken(1000, 1000, 1000, 1000);
  const sum = all.reduce((a, b) => a + b, 0);
  assert.ok(sum < 16 + 12 + (4 * 6 + 26) * SECONDS + 8, String(sum));
  assert.ok(Math.min(...all) > 6 * SECONDS, all.join(', '));
});

test('beside those a camera in order has its rate', { timeout }, () => {
  const [, , , honest = 0] = taken(1000, 1000, 1000, 5);
  assert.ok(Math.abs(honest - 5 * SECONDS) < 0.5, String(honest));
});
