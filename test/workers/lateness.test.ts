import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Lateness } from '../../workers/lateness.js';

const timeout = 30_000;

/** Units every 40 ms of media time, each delayed by so much. */
function play(lateness: Lateness, from: number, to: number, delayMs: (at: number) => number): void {
  for (let at = from; at < to; at += 40) lateness.note(at, 1_700_000_000_000 + at + delayMs(at));
}

test('a steady delay is no lateness, whatever it is: clocks differ', { timeout }, () => {
  const lateness = new Lateness();
  play(lateness, 0, 60_000, () => 12_345);
  assert.equal(lateness.ms, 0);
});

test('units that come later than they did are late by the difference', { timeout }, () => {
  const lateness = new Lateness();
  play(lateness, 0, 10_000, () => 20);
  play(lateness, 10_000, 12_000, () => 820);
  assert.equal(lateness.ms, 800);
});

test(
  'a relay that caught up after a burst is late no more, and late again when it falls behind',
  { timeout },
  () => {
    const lateness = new Lateness();
    play(lateness, 0, 4000, (at) => 4000 - at);
    play(lateness, 4000, 8000, () => 0);
    assert.equal(lateness.ms, 0);
    play(lateness, 8000, 10_000, () => 2500);
    assert.equal(lateness.ms, 2500);
  },
);

test('a clock that drifts is followed', { timeout }, () => {
  const lateness = new Lateness();
  // 200 ppm, twice what a poor quartz does.
  play(lateness, 0, 3_600_000, (at) => at * 200e-6);
  assert.ok(lateness.ms < 15, `${lateness.ms} ms`);
});
