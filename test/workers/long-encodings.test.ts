import assert from 'node:assert/strict';
import { test } from 'node:test';
import { LongEncodings } from '../../workers/long-encodings.js';

const timeout = 30_000;
const LARGE = 7680 * 4320;

/** Encoders of one thread that always have a picture. @returns their encodings and the thread's time for them, ms */
function encode(long: LongEncodings, encoders: number, ms: number, untilMs: number) {
  const due = Array.from({ length: encoders }, () => 0);
  const counts = due.map(() => 0);
  let now = 0;
  let busy = 0;
  while (now < untilMs) {
    const next = due.indexOf(Math.min(...due));
    now = Math.max(now, due[next] ?? 0) + ms;
    busy += ms;
    counts[next] = (counts[next] ?? 0) + 1;
    due[next] = now + long.restAfter(LARGE, ms, now);
  }
  return { counts, share: busy / now };
}

test('long encodings take a quarter of a shared thread, however many, in turns', { timeout }, () => {
  for (const encoders of [1, 2, 5]) {
    const long = new LongEncodings();
    long.join();
    long.join();
    const { counts, share } = encode(long, encoders, 200, 60_000);
    assert.ok(share > 0.2 && share < 0.28, `${share} of the thread`);
    assert.ok(Math.max(...counts) - Math.min(...counts) <= 1, counts.join(', '));
  }
});

test('a camera alone in its thread, and pictures of 4K, do not rest for others', { timeout }, () => {
  const long = new LongEncodings();
  long.join();
  const leave = long.join();
  assert.equal(long.restAfter(3840 * 2160, 100, 1000), 0);
  assert.equal(long.restAfter(LARGE, 100, 1000), 300);
  leave();
  assert.equal(long.restAfter(LARGE, 100, 2000), 0);
});
