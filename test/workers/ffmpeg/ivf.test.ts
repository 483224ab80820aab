import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ivfHeader, ivfUnitHeader } from '../../../workers/ffmpeg/ivf.js';

const timeout = 30_000;

test('the header names 1000 ticks a second and the size of the picture', { timeout }, () => {
  const header = Buffer.from(ivfHeader({ width: 640, height: 360 }));
  assert.equal(header.length, 32);
  assert.equal(header.toString('latin1', 0, 4), 'DKIF');
  assert.equal(header.readUInt16LE(6), 32);
  assert.deepEqual([header.readUInt16LE(12), header.readUInt16LE(14)], [640, 360]);
  assert.deepEqual([header.readUInt32LE(16), header.readUInt32LE(20)], [1000, 1]);
});

test('a unit is announced with its length and its time, also beyond 32 bits', { timeout }, () => {
  const ticks = 2 ** 40 + 5;
  const header = Buffer.from(ivfUnitHeader(70_000, ticks));
  assert.equal(header.length, 12);
  assert.equal(header.readUInt32LE(0), 70_000);
  assert.equal(header.readBigUInt64LE(4), BigInt(ticks));
});
