import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { UnitMessage } from '../../src/shared/worker-protocol.js';
import type { AccessUnit } from '../../src/video/access-unit.js';
import { passedFormat } from '../../workers/passed-format.js';
import { UnitPassing } from '../../workers/unit-passing.js';
import { accessUnit, encodeUnits, formatOf } from '../support/access-units.js';

const FAST = { timeout: 5000 };
const FORMAT = formatOf('h264', { codecString: 'avc1.4d401e' });

let time = 0;
const unit = (more: Partial<AccessUnit> = {}): AccessUnit => ({
  ...accessUnit(FORMAT, Uint8Array.of(0, 0, 0, 1, 0x41, ++time), time),
  ...more,
});
const key = (more: Partial<AccessUnit> = {}): AccessUnit => unit({ randomAccess: 'key', ...more });

function passing() {
  const sent: UnitMessage[] = [];
  const line = { room: true };
  const it = new UnitPassing(
    null,
    () => line.room,
    (message) => sent.push(message),
  );
  const pass = (...units: readonly AccessUnit[]): string => {
    const before = sent.length;
    for (const one of units) it.unit(one);
    return kinds(sent.slice(before));
  };
  return { it, sent, line, pass };
}
const gaps = (messages: readonly UnitMessage[]): boolean[] =>
  messages.flatMap((message) => (message.kind === 'key' ? message.followsGap : []));
const kinds = (messages: readonly UnitMessage[]): string => messages.map(({ kind }) => kind).join(' ');

test('nothing is passed while nobody wants it', FAST, () => {
  assert.equal(passing().pass(key(), unit()), '');
});

test('whoever begins gets the units since the last key unit, and then each as it comes', FAST, () => {
  const { it, sent, pass } = passing();
  it.setWanted(true, () => [key(), unit(), unit()]);
  assert.equal(kinds(sent), 'key delta delta');
  assert.equal(pass(unit(), key(), unit()), 'delta key delta');
  it.setWanted(false, () => []);
  assert.equal(pass(unit(), key()), '');
});

test('without such units it begins with the next key unit', FAST, () => {
  const { it, pass } = passing();
  it.setWanted(true, () => []);
  assert.equal(pass(unit(), unit(), key(), unit()), 'key delta');
});

test('a key unit says whether the one that the camera sent before it has gone, too', FAST, () => {
  const { it, sent, pass } = passing();
  it.setWanted(true, () => [key()]);
  pass(unit(), key(), unit({ damaged: true }), key(), unit(), key({ discontinuity: true }), unit(), key());
  assert.deepEqual(gaps(sent), [true, false, true, true, false]);
});

test('a full line, a damaged unit and another codec break off until the next key unit', FAST, () => {
  const { it, line, pass } = passing();
  it.setWanted(true, () => [key()]);
  line.room = false;
  assert.equal(pass(unit()), '');
  line.room = true;
  assert.equal(pass(unit(), key(), unit()), 'key delta');
  assert.equal(pass(unit({ damaged: true }), unit(), key()), 'key');
  assert.equal(pass(accessUnit(formatOf('jpeg'), Uint8Array.of(1), 1), unit(), key()), 'key');
});

test('leading units go only where the units went that they need', FAST, () => {
  const { it, pass } = passing();
  const leading = { leading: true };
  it.setWanted(true, () => []);
  assert.equal(pass(key(), unit(leading), unit(leading), unit()), 'key delta');
  assert.equal(pass(key(), unit(leading), unit()), 'key delta delta');
});

test('a refresh that takes several pictures is no place to begin', FAST, () => {
  const { it, pass } = passing();
  it.setWanted(true, () => []);
  assert.equal(pass(unit({ randomAccess: 'recovery', recoveryFrames: 10 }), unit()), '');
  assert.equal(pass(unit({ randomAccess: 'recovery', recoveryFrames: 0 }), unit()), 'key delta');
});

test('what is handed over is a copy of exactly the unit, and the key unit says its format', FAST, () => {
  const { it, sent } = passing();
  const one = key();
  it.setWanted(true, () => [one]);
  const [message] = sent;
  assert.ok(message?.kind === 'key' && message.data !== one.data.buffer);
  assert.deepEqual(new Uint8Array(message.data), one.data);
  const told = { codec: 'h264', codecString: 'avc1.4d401e', width: 320, height: 180, bt601: 'limited' };
  assert.deepEqual(message.format, told);
  assert.equal(message.capturedAt, one.arrivedAt);
});

test('B-frames go in the order in which they are decoded, as they came', { timeout: 30_000 }, (t) => {
  const args = ['-bf', '3', '-g', '12', '-x264-params', 'scenecut=0:open-gop=0'];
  const units = encodeUnits(t, { codec: 'h264', source: 'testsrc2=s=320x180:r=25:d=2', args });
  assert.ok(
    units.some(({ mediaTimeMs }, i) => mediaTimeMs < (units[i - 1]?.mediaTimeMs ?? 0)),
    'their times go back and forth',
  );
  const { it, sent } = passing();
  it.setWanted(true, () => units.slice(0, 20));
  for (const one of units.slice(20)) it.unit(one);
  assert.deepEqual(
    Buffer.concat(sent.map(({ data }) => Buffer.from(data))),
    Buffer.concat(units.map(({ data }) => data)),
  );
  assert.equal(sent.filter(({ kind }) => kind === 'key').length, 5);
});

test('new parameter sets of the same size are told with the next key unit', FAST, () => {
  const { it, sent } = passing();
  it.setWanted(true, () => [key()]);
  const other = formatOf('h264', { codecString: 'avc1.64001f' });
  it.unit(key({ format: other }));
  const told = sent.map((message) => message.kind === 'key' && message.format.codecString);
  assert.deepEqual(told, ['avc1.4d401e', 'avc1.64001f']);
});

test('a stretched picture is told with the size to show it in, the configured shape first', FAST, () => {
  const half = formatOf('h265', { width: 960, height: 1080, sampleAspect: { width: 2, height: 1 } });
  const shown = (aspect: number | null) => {
    const { displayWidth, displayHeight } = passedFormat(half, aspect) ?? {};
    return [displayWidth, displayHeight];
  };
  assert.deepEqual(shown(null), [1920, 1080]);
  assert.deepEqual(shown(4 / 3), [1440, 1080]);
  assert.deepEqual(shown(1 / 2), [960, 1920]);
  assert.deepEqual(shown(960 / 1080), [undefined, undefined]);
  assert.equal(passedFormat(formatOf('mpeg4'), null), null);
});

test('how the colours of a stream are meant that does not say so is told', FAST, () => {
  const told = (format: Parameters<typeof formatOf>[1]) =>
    passedFormat(formatOf('h264', format), null)?.bt601;
  assert.equal(told({ matrix: 'unspecified' }), 'limited');
  assert.equal(told({ matrix: 'unspecified', fullRange: true }), 'full');
  assert.equal(told({ matrix: 'bt709' }), undefined);
  assert.equal(told({ matrix: 'bt601' }), undefined);
});
