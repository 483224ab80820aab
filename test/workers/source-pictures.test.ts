import assert from 'node:assert/strict';
import { test } from 'node:test';
import { SOURCE_SIZE } from '../../src/shared/rendition.js';
import type { DecodeOutput, FrameMessage } from '../../src/shared/worker-protocol.js';
import type { AccessUnit } from '../../src/video/access-unit.js';
import { sourceSize } from '../../workers/decoder-stage.js';
import { SourcePictures } from '../../workers/source-pictures.js';
import { accessUnit, encodeUnits, formatOf } from '../support/access-units.js';
import { NO_COUNTS } from '../support/fake-opener.js';

const timeout = 30_000;
/** FFmpeg then leaves its comment out. */
const BITEXACT = ['-flags:v', '+bitexact'];
const EXIF = Buffer.from('ffe1000c4578696600004142ffff', 'hex').subarray(0, 14);

const output = (fps: number | null): DecodeOutput => ({
  ...SOURCE_SIZE,
  demands: [{ key: '0x0q50', quality: 50, fps }],
});

function pictures() {
  const sent: FrameMessage[] = [];
  const line = { room: true };
  const counters = { ...NO_COUNTS };
  const sender = { hasRoom: () => line.room, send: (frame: FrameMessage) => sent.push(frame) };
  return { it: new SourcePictures(counters, sender), sent, line, counters };
}

test('the pictures of a JPEG camera go out byte for byte, without metadata', { timeout }, (t) => {
  const { it, sent } = pictures();
  const units = encodeUnits(t, { codec: 'jpeg', source: 'testsrc2=s=320x180:r=5:d=1', args: BITEXACT });
  it.setOutputs([output(null)]);
  for (const unit of units) it.unit(unit);
  assert.equal(sent.length, units.length);
  for (const [i, { jpeg, key, capturedAt }] of sent.entries()) {
    assert.deepEqual(Buffer.from(jpeg), Buffer.from(units[i]?.data ?? []));
    assert.equal(key, '0x0q50');
    assert.equal(capturedAt, units[i]?.arrivedAt);
    assert.notEqual(jpeg, units[i]?.data.buffer, 'decoders may still need that one');
  }
  const [first] = units;
  assert.ok(first);
  const tagged = Buffer.concat([first.data.subarray(0, 2), EXIF, first.data.subarray(2)]);
  it.unit({ ...first, data: new Uint8Array(tagged) });
  assert.deepEqual(Buffer.from(sent.at(-1)?.jpeg ?? new ArrayBuffer(0)), Buffer.from(first.data));
});

test('their rate is that of the viewers, and a full line drops what comes', { timeout }, (t) => {
  const { it, sent, line, counters } = pictures();
  const [unit] = encodeUnits(t, { codec: 'jpeg', source: 'testsrc2=s=320x180:r=1:d=1', args: BITEXACT });
  assert.ok(unit);
  const at = (arrivedAt: number): AccessUnit => ({ ...unit, arrivedAt });
  it.unit(at(0));
  assert.equal(sent.length, 0, 'nobody wants it');
  it.setOutputs([{ width: 640, height: 360, demands: [] }, output(5)]);
  for (let ms = 0; ms < 1000; ms += 40) it.unit(at(ms));
  assert.equal(sent.length, 5);
  line.room = false;
  it.unit(at(2000));
  assert.equal(sent.length, 5);
  assert.equal(counters.droppedInFlight, 1);
  line.room = true;
  it.unit(accessUnit(formatOf('jpeg'), Uint8Array.of(1, 2, 3), 3000));
  assert.equal(sent.length, 5, 'what is no JPEG file goes nowhere');
});

test('the own size of other cameras is the size to show, in even pixels', { timeout }, () => {
  const size = (width: number, height: number, aspect: number | null = null, sar = 1) => {
    const format = formatOf('h264', { width, height, sampleAspect: { width: sar, height: 1 } });
    const { width: w, height: h } = sourceSize(format, aspect);
    return `${w}x${h}`;
  };
  assert.equal(size(1920, 1080), '1920x1080');
  assert.equal(size(353, 289), '354x290');
  assert.equal(size(960, 1080, null, 2), '1920x1080');
  assert.equal(size(960, 1080, 16 / 9), '1920x1080');
  assert.equal(size(9000, 4500), '7680x3840');
});
