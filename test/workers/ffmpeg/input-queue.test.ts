import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { AccessUnit } from '../../../src/video/access-unit.js';
import { InputQueue, MAX_CATCH_UP_MS, MAX_WAIT_MS } from '../../../workers/ffmpeg/input-queue.js';
import { accessUnit, formatOf } from '../../support/access-units.js';

const timeout = 30_000;

const FORMAT = formatOf('h264');
const unit = (more: Partial<AccessUnit> = {}): AccessUnit => ({
  ...accessUnit(FORMAT, new Uint8Array(100), 0),
  ...more,
});
const KEY = unit({ randomAccess: 'key' });
const DELTA = unit();

/** Takes all out: the ticks, with `h` behind those that are hidden. */
function drain(queue: InputQueue): string {
  const out: string[] = [];
  for (let next = queue.shift(0); next; next = queue.shift(0))
    out.push(`${next.ticks}${next.isHidden ? 'h' : ''}`);
  return out.join(' ');
}

test('decoding begins at the first unit with random access', { timeout }, () => {
  const queue = new InputQueue();
  [DELTA, DELTA, KEY, DELTA].forEach((each, ticks) => {
    queue.push({ unit: each, ticks }, 0);
  });
  assert.equal(drain(queue), '2 3');
  assert.equal(queue.dropped, 2);
});

test('pictures that lead the first unit, and need those before it, are left out', { timeout }, () => {
  const queue = new InputQueue();
  const leading = unit({ leading: true });
  [KEY, leading, leading, DELTA, leading].forEach((each, ticks) => {
    queue.push({ unit: each, ticks }, 0);
  });
  assert.equal(drain(queue), '0 3 4', 'later ones have their references');
});

test('until an intra refresh is through its pictures are decoded and hidden', { timeout }, () => {
  const queue = new InputQueue();
  const refresh = unit({ randomAccess: 'recovery', recoveryFrames: 2 });
  const disposable = unit({ disposable: true });
  [refresh, DELTA, disposable, DELTA, DELTA].forEach((each, ticks) => {
    queue.push({ unit: each, ticks }, 0);
  });
  assert.equal(drain(queue), '0h 1h 2h 3 4');
});

test('B-pictures that are shown before an intra refresh is through are hidden, too', { timeout }, () => {
  const queue = new InputQueue();
  const at = (mediaTimeMs: number, more: Partial<AccessUnit>): AccessUnit => unit({ mediaTimeMs, ...more });
  const stream = [
    at(0, { randomAccess: 'recovery', recoveryFrames: 1 }),
    at(3, {}),
    at(1, { disposable: true }),
    at(2, { disposable: true }),
    at(5, {}),
    at(4, { disposable: true }),
  ];
  for (const each of stream) queue.push({ unit: each, ticks: each.mediaTimeMs }, 0);
  assert.equal(drain(queue), '0h 3 1h 2h 5 4');
});

test('a damaged unit is decoded and hidden', { timeout }, () => {
  const queue = new InputQueue();
  [KEY, unit({ damaged: true }), DELTA].forEach((each, ticks) => {
    queue.push({ unit: each, ticks }, 0);
  });
  assert.equal(drain(queue), '0 1h 2');
});

test('what waits too long is let go up to the next unit with random access', { timeout }, () => {
  const queue = new InputQueue();
  queue.push({ unit: KEY, ticks: 0 }, 0);
  assert.equal(drain(queue), '0');
  assert.equal(queue.takeLeastWait(0), 0, 'it was empty');
  queue.push({ unit: DELTA, ticks: 1 }, 0);
  queue.push({ unit: DELTA, ticks: 2 }, 300);
  queue.push({ unit: KEY, ticks: 3 }, 400);
  queue.push({ unit: DELTA, ticks: 4 }, 500);
  assert.equal(queue.bytes, 400);
  queue.push({ unit: DELTA, ticks: 5 }, MAX_WAIT_MS + 1);
  assert.equal(queue.dropped, 2);
  assert.equal(queue.takeLeastWait(MAX_WAIT_MS + 1), MAX_WAIT_MS + 1 - 400);
  assert.equal(drain(queue), '3 4 5');
});

test('where no such unit waits nothing is decoded until one comes: never a torn picture', { timeout }, () => {
  const queue = new InputQueue();
  queue.push({ unit: KEY, ticks: 0 }, 0);
  drain(queue);
  queue.push({ unit: DELTA, ticks: 1 }, 0);
  queue.push({ unit: DELTA, ticks: 2 }, MAX_WAIT_MS + 1);
  queue.push({ unit: DELTA, ticks: 3 }, MAX_WAIT_MS + 2);
  assert.equal(drain(queue), '');
  queue.push({ unit: KEY, ticks: 4 }, MAX_WAIT_MS + 3);
  queue.push({ unit: DELTA, ticks: 5 }, MAX_WAIT_MS + 4);
  assert.equal(drain(queue), '4 5');
  assert.equal(queue.dropped, 3);
});

test('a decoder that has just been started has time to catch up', { timeout }, () => {
  const queue = new InputQueue();
  queue.push({ unit: KEY, ticks: 0 }, 0);
  queue.push({ unit: DELTA, ticks: 1 }, MAX_CATCH_UP_MS);
  assert.equal(queue.dropped, 0);
  queue.push({ unit: DELTA, ticks: 2 }, MAX_CATCH_UP_MS + 1);
  assert.equal(queue.dropped, 3);
});

test('its memory is bounded whatever the time', { timeout }, () => {
  const queue = new InputQueue();
  const large = (randomAccess: 'key' | 'none'): AccessUnit =>
    unit({ randomAccess, data: new Uint8Array(10 * 1024 * 1024) });
  for (let i = 0; i < 10; i++) {
    queue.push({ unit: large(i % 3 === 0 ? 'key' : 'none'), ticks: i }, 0);
    assert.ok(queue.bytes <= 32 * 1024 * 1024);
  }
  assert.ok(queue.dropped > 0);
});

test('a flood of tiny units does not fill the memory', { timeout }, () => {
  const queue = new InputQueue();
  for (let ticks = 0; ticks < 100_000; ticks++)
    queue.push({ unit: ticks % 500 === 0 ? KEY : DELTA, ticks }, ticks / 1000);
  const waiting = drain(queue).split(' ');
  assert.ok(waiting.length <= 2000, `${waiting.length} units wait`);
  assert.equal(waiting.at(-1), '99999', 'the newest is among them');
});
