import assert from 'node:assert/strict';
import { test } from 'node:test';
import { UnitTimes } from '../../workers/unit-times.js';
import { accessUnit, formatOf } from '../support/access-units.js';

const timeout = 30_000;
const FORMAT = formatOf('h264', { fullRange: true, matrix: 'bt709' });
const unitAt = (timeMs: number) => accessUnit(FORMAT, new Uint8Array(1), timeMs);

test('a picture is found by the time of its unit, which stays the same', { timeout }, () => {
  const times = new UnitTimes();
  const unit = { ...unitAt(1000.4), arrivedAt: 77.5 };
  const { ticks } = times.timed(unit);
  assert.equal(times.timed(unit).ticks, ticks);
  assert.deepEqual(times.picture(ticks), { arrivedAt: 77.5, colours: { isFull: true, matrix: 'bt709' } });
  assert.equal(times.picture(ticks + 1), null);
});

test('times are those of display: B-frames lie between the pictures that they refer to', { timeout }, () => {
  const times = new UnitTimes();
  const [key, p, b] = [0, 80, 40].map((ms) => times.timed(unitAt(ms)).ticks);
  assert.deepEqual([key, b, p], [key, b, p].sort());
  assert.equal((p ?? 0) - (key ?? 0), 80);
});

test('units that the camera gives the same time are told apart, in their order', { timeout }, () => {
  const times = new UnitTimes();
  const ticks = Array.from({ length: 3000 }, () => times.timed(unitAt(40)).ticks);
  assert.equal(new Set(ticks).size, ticks.length);
  assert.deepEqual(
    ticks,
    [...ticks].sort((a, b) => a - b),
  );
});

test('pictures of long ago are forgotten', { timeout }, () => {
  const times = new UnitTimes();
  const first = times.timed(unitAt(0)).ticks;
  for (let i = 1; i < 5000; i++) times.timed(unitAt(i));
  assert.equal(times.picture(first), null);
  assert.notEqual(times.picture(first + 4999), null);
});
