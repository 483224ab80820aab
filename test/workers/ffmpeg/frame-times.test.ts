import assert from 'node:assert/strict';
import { test } from 'node:test';
import { FrameTimes } from '../../../workers/ffmpeg/frame-times.js';

const timeout = 30_000;

const bytes = (text: string): Uint8Array => Buffer.from(text);

test('the n-th frame of each output has the time of the n-th line', { timeout }, () => {
  const times = new FrameTimes(2);
  times.push(bytes('# timecode format v2\n1000\n1040\n'));
  assert.deepEqual([times.take(0), times.take(0), times.take(0)], [1000, 1040, null]);
  assert.deepEqual([times.take(1), times.take(1), times.take(1)], [1000, 1040, null]);
});

test('a line may come in pieces, and counts when it is whole', { timeout }, () => {
  const times = new FrameTimes(1);
  for (const piece of ['# time', 'code format v2', '\n10', '00', '\n', '1040\n1']) times.push(bytes(piece));
  assert.deepEqual([times.take(0), times.take(0), times.take(0)], [1000, 1040, null]);
});

test('a frame that is passed over before its line comes does not move the others', { timeout }, () => {
  const times = new FrameTimes(1);
  times.skip(0);
  times.push(bytes('1000\n1040\n'));
  assert.equal(times.take(0), 1040);
});

test('times that no frame follows are not kept without end', { timeout }, () => {
  const times = new FrameTimes(1);
  for (let i = 0; i < 5000; i++) times.push(bytes(`${i}\n`));
  assert.equal(times.take(0), 5000 - 1024);
});
