import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  type FrameHeader,
  MAX_HEADER_BYTES,
  readAck,
  readFrame,
  writeAck,
  writeFrame,
} from '../../src/cluster/frames/frame-codec.js';

const timeout = 30_000;

const HEADER: FrameHeader = {
  kind: 'jpeg',
  epoch: 1_795_665_370_205,
  session: 4_000_000_000,
  sequence: 7,
  ageMs: 12.3,
  roundTripMs: 0.8,
  part: 0,
  parts: 1,
  stream: 'door.1~main',
  rendition: '640x360q50',
};

test('a frame crosses the bus with its header and its bytes', { timeout }, () => {
  for (const kind of ['jpeg', 'key-unit', 'delta-unit'] as const) {
    const header: FrameHeader = { ...HEADER, kind, ...(kind === 'jpeg' ? {} : { rendition: 'h264' }) };
    const { payload, ...read } = readFrame(writeFrame(header, new Uint8Array([1, 2, 3]))) ?? {};
    assert.deepEqual(read, header);
    assert.deepEqual([...(payload ?? [])], [1, 2, 3]);
  }
});

test('the longest names fit the room that a payload leaves', { timeout }, () => {
  const header: FrameHeader = { ...HEADER, stream: `${'c'.repeat(64)}~main`, rendition: '7680x4320q100' };
  assert.ok(writeFrame(header, new Uint8Array(0)).byteLength <= MAX_HEADER_BYTES);
});

test('a header that a later version made longer is read all the same', { timeout }, () => {
  const message = Buffer.from(writeFrame(HEADER, new Uint8Array([9, 9])));
  const headerBytes = message.readUInt16BE(2);
  const longer = Buffer.concat([
    message.subarray(0, headerBytes),
    Buffer.from('more'),
    message.subarray(headerBytes),
  ]);
  longer.writeUInt16BE(headerBytes + 4, 2);
  assert.deepEqual([...(readFrame(longer)?.payload ?? [])], [9, 9]);
});

test('ages and round trips beyond their fields are cut, never wrapped or negative', { timeout }, () => {
  const read = readFrame(writeFrame({ ...HEADER, ageMs: -5, roundTripMs: 1e9 }, new Uint8Array(0)));
  assert.equal(read?.ageMs, 0);
  assert.equal(read.roundTripMs, 6553.5);
});

test('what is no frame is refused, wherever it was cut or changed', { timeout }, () => {
  const message = writeFrame(HEADER, new Uint8Array(0));
  for (let length = 0; length < message.byteLength; length++)
    assert.equal(readFrame(message.subarray(0, length)), null, `cut to ${length}`);
  for (const [at, value] of [
    [0, 2],
    [1, 0],
    [1, 4],
    [2, 0xff],
    [30, 0xff],
  ] as const) {
    const broken = Uint8Array.from(message);
    broken[at] = value;
    assert.equal(readFrame(broken), null, `byte ${at}`);
  }
  assert.equal(readFrame(writeFrame({ ...HEADER, part: 1, parts: 1 }, new Uint8Array(0))), null);
  assert.equal(readFrame(writeFrame({ ...HEADER, parts: 65 }, new Uint8Array(0))), null);
  assert.equal(readFrame(writeFrame({ ...HEADER, epoch: Number.NaN }, new Uint8Array(0))), null);
  assert.equal(readFrame(writeFrame({ ...HEADER, rendition: '1x1qq' as '1x1q1' }, new Uint8Array(0))), null);
});

test('an acknowledgement is ten bytes', { timeout }, () => {
  const ack = { session: 0xffff_ffff, sequence: 12, heldMs: 19.9 };
  assert.equal(writeAck(ack).byteLength, 10);
  assert.deepEqual(readAck(writeAck(ack)), ack);
  assert.equal(readAck(writeAck(ack).subarray(1)), null);
});
