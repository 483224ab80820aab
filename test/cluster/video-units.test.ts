import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { VideoUnit } from '../../src/camera/video-channel.js';
import { EdgeSender } from '../../src/cluster/frames/edge-sender.js';
import {
  type FrameKind,
  type ParsedFrame,
  readFrame,
  writeFrame,
} from '../../src/cluster/frames/frame-codec.js';
import { FrameIntake } from '../../src/cluster/frames/frame-intake.js';
import { readUnit, writeUnit } from '../../src/cluster/frames/unit-payload.js';
import { UnitSource } from '../../src/cluster/streams/unit-source.js';
import { ManualClock } from '../support/manual-clock.js';

/** Units of video on the bus: each needs the ones before it, up to a key unit. */

const timeout = 30_000;

const FORMAT = { codec: 'h264', codecString: 'avc1.4d401e', width: 640, height: 360 } as const;
const unit = (kind: 'key' | 'delta', more: Partial<VideoUnit> = {}): VideoUnit => ({
  kind,
  data: new Uint8Array([0, 0, 0, 1, 0x65]).buffer,
  capturedAt: 5,
  isLeading: false,
  followsGap: false,
  format: FORMAT,
  ...more,
});
const bytesOf = (one: VideoUnit): ArrayBuffer => Uint8Array.from(writeUnit(one)).buffer;

test('a unit crosses the bus with its format, and a later one without', { timeout }, () => {
  const shown = { ...FORMAT, displayWidth: 480, displayHeight: 360, bt601: 'full' } as const;
  const key = readUnit('key-unit', bytesOf(unit('key', { format: shown })), 7);
  assert.deepEqual(key?.kind === 'key' && key.format, shown);
  assert.deepEqual([...new Uint8Array(key?.data ?? new ArrayBuffer(0))], [0, 0, 0, 1, 0x65]);
  assert.equal(key?.capturedAt, 7);
  const later = readUnit('key-unit', bytesOf(unit('key', { followsGap: true })), 8);
  assert.deepEqual(
    [key, later].map((one) => one?.kind === 'key' && one.followsGap),
    [false, true],
  );
  const delta = readUnit('delta-unit', bytesOf(unit('delta', { isLeading: true })), 8);
  assert.deepEqual([delta?.kind, delta?.isLeading, delta?.data.byteLength], ['delta', true, 5]);
});

test('what is no unit is refused, wherever it was cut, and so is a foreign format', { timeout }, () => {
  const whole = new Uint8Array(bytesOf(unit('key')));
  for (let length = 0; length < whole.length - 4; length++)
    assert.equal(readUnit('key-unit', whole.slice(0, length).buffer, 0), null, `cut to ${length}`);
  for (const format of [
    { ...FORMAT, codec: 'av1' },
    { ...FORMAT, width: 0 },
    { ...FORMAT, codecString: '<b>' },
  ])
    assert.equal(readUnit('key-unit', bytesOf(unit('key', { format: format as typeof FORMAT })), 0), null);
});

function sender() {
  const state = { now: 0, skipped: 0 };
  const sent: ParsedFrame[] = [];
  const edge = new EdgeSender(300, {
    send: (message) => {
      const frame = readFrame(message);
      assert.ok(frame);
      sent.push(frame);
      return true;
    },
    now: () => state.now,
    epochNow: () => state.now,
    maxPayload: () => 1 << 20,
    sent: () => undefined,
    skipped: () => state.skipped++,
  });
  const offer = (kind: FrameKind): void => {
    const bytes = new ArrayBuffer(4);
    edge.offerUnit({ stream: 'gate', rendition: 'h264', kind, epoch: 1, capturedAt: 0, bytes });
  };
  const kinds = (): string => sent.map(({ kind }) => (kind === 'key-unit' ? 'K' : 'd')).join('');
  return { state, sent, edge, offer, kinds };
}

test('an edge is sent video from a key unit on', { timeout }, () => {
  const it = sender();
  for (const kind of ['delta-unit', 'key-unit', 'delta-unit', 'delta-unit'] as const) it.offer(kind);
  assert.equal(it.kinds(), 'Kdd');
});

test('what the lag bound stops goes on with the next key unit', { timeout }, () => {
  const it = sender();
  it.offer('key-unit');
  it.state.now = 400;
  for (const kind of ['delta-unit', 'key-unit', 'delta-unit'] as const) it.offer(kind);
  assert.equal(it.kinds(), 'K', 'nothing goes while the edge is behind, not even a key unit');
  const [first] = it.sent;
  assert.ok(first);
  it.edge.acknowledged({ session: first.session, sequence: first.sequence, heldMs: 0 });
  for (const kind of ['delta-unit', 'key-unit', 'delta-unit'] as const) it.offer(kind);
  assert.equal(it.kinds(), 'KKd');
  assert.equal(it.state.skipped, 4);
});

test('a lost connection breaks the video, which begins anew with a key unit', { timeout }, () => {
  const it = sender();
  it.offer('key-unit');
  it.edge.reset();
  it.offer('delta-unit');
  it.offer('key-unit');
  assert.equal(it.kinds(), 'KK');
});

test('after a message that was lost an edge drops units up to the next key unit', { timeout }, () => {
  const taken: string[] = [];
  const intake = new FrameIntake({
    clock: new ManualClock(),
    epochNow: () => 0,
    acknowledge: () => undefined,
    frame: ({ kind, stream }) => taken.push(`${stream} ${kind}`),
  });
  const send = (sequence: number, kind: FrameKind, stream = 'gate'): void => {
    const times = { session: 1, sequence, ageMs: 0, roundTripMs: 0, part: 0, parts: 1 };
    const rendition = kind === 'jpeg' ? '640x360q50' : 'h264';
    intake.message('a', writeFrame({ kind, epoch: 1, stream, rendition, ...times }, new Uint8Array(4)));
  };
  send(1, 'key-unit');
  send(2, 'delta-unit');
  send(4, 'delta-unit');
  send(5, 'jpeg', 'yard');
  send(6, 'key-unit');
  send(7, 'delta-unit');
  intake.close();
  assert.deepEqual(taken, [
    'gate key-unit',
    'gate delta-unit',
    'yard jpeg',
    'gate key-unit',
    'gate delta-unit',
  ]);
});

test('after a change of whoever decodes, and after a gap, video begins with a key unit', { timeout }, () => {
  const source = new UnitSource();
  const takes = (from: string, kind: 'key' | 'delta') => source.takes(from, kind);
  assert.deepEqual(
    [takes('a', 'delta'), takes('a', 'key'), takes('a', 'delta'), takes('b', 'delta'), takes('b', 'key')],
    [false, true, true, false, true],
  );
  assert.equal(takes('a', 'delta'), false);
  source.broken();
  assert.deepEqual([takes('b', 'delta'), takes('b', 'key'), takes('b', 'delta')], [false, true, true]);
});
