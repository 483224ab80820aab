import assert from 'node:assert/strict';
import { test, type TestContext } from 'node:test';
import type { Demand, FrameMessage } from '../../src/shared/worker-protocol.js';
import { USUAL_COLOURS } from '../../workers/source-colours.js';
import { OutputEncoder } from '../../workers/output-encoder.js';
import { NO_COUNTS } from '../support/fake-opener.js';
import { ManualClock, settle } from '../support/manual-clock.js';

const timeout = 30_000;
const BYTES = (16 * 16 * 3) / 2;
const HALF: Demand = { key: '16x16q50', quality: 50, fps: null };
const PICTURE = { arrivedAt: 0, colours: USUAL_COLOURS };
const FINE: Demand = { key: '16x16q90', quality: 90, fps: null };

function bench(t: TestContext, demands: readonly Demand[]) {
  const counters = { ...NO_COUNTS };
  const sent: FrameMessage[] = [];
  const prepared: Uint8Array[] = [];
  const gate = { open: true };
  const clock = new ManualClock();
  const source = {
    size: { width: 16, height: 16 },
    memory: { toJpegColours: (picture: Uint8Array) => void prepared.push(picture) },
  };
  const sender = {
    hasRoom: () => gate.open,
    send: (frame: FrameMessage) => {
      sent.push(frame);
      clock.spend(spent.ms);
    },
  };
  /** How long each encoding takes. */
  const spent = { ms: 0 };
  const encoder = new OutputEncoder(source, 'yuv420p', demands, counters, sender, clock);
  t.after(() => {
    encoder.close();
  });
  const frame = (level: number): Uint8Array => new Uint8Array(BYTES).fill(level);
  return { counters, sent, prepared, gate, spent, clock, encoder, frame };
}

test('each demanded quality is encoded, and nothing without a demand', { timeout }, async (t) => {
  const it = bench(t, [HALF, FINE]);
  it.encoder.frame(it.frame(100), PICTURE);
  await settle();
  assert.deepEqual(
    it.sent.map(({ key }) => key),
    ['16x16q50', '16x16q90'],
  );
  it.encoder.setDemands([]);
  it.encoder.frame(it.frame(101), PICTURE);
  await settle();
  assert.equal(it.counters.encoded, 2);
});

test('a frame that waits is replaced by a newer one, and counted', { timeout }, async (t) => {
  const it = bench(t, [HALF]);
  // Three may catch up.
  for (let level = 0; level < 8; level++) it.encoder.frame(it.frame(level), PICTURE);
  await settle();
  assert.equal(it.sent.length, 4);
  assert.equal(it.counters.droppedBeforeEncode, 4);
  it.gate.open = false;
  it.encoder.frame(it.frame(9), PICTURE);
  await settle();
  it.encoder.frame(it.frame(10), PICTURE);
  it.encoder.frame(it.frame(11), PICTURE);
  assert.equal(it.counters.droppedInFlight, 2);
  await it.clock.advance(50);
  assert.equal(it.sent.length, 4, 'no room yet');
  it.gate.open = true;
  await it.clock.advance(5);
  assert.equal(it.sent.length, 5);
  assert.equal(it.prepared.at(-1)?.[0], 11, 'the newest wins');
});

test('after a hiccup a few frames that waited are encoded all the same, in order', { timeout }, async (t) => {
  const it = bench(t, [HALF]);
  it.encoder.frame(it.frame(0), PICTURE);
  await settle();
  for (let level = 1; level <= 3; level++) it.encoder.frame(it.frame(level), PICTURE);
  await settle();
  assert.deepEqual(
    it.prepared.map(([first]) => first),
    [0, 1, 2, 3],
  );
  const dropped = (): number => it.counters.droppedBeforeEncode;
  assert.equal(dropped(), 0);
  // An encoder that is too slow for good is behind all the time: one catch-up is left of three, none comes while no time goes by.
  for (let level = 4; level < 24; level++) it.encoder.frame(it.frame(level), PICTURE);
  await settle();
  assert.equal(dropped(), 18);
  assert.equal(it.prepared.at(-1)?.[0], 23, 'the newest wins');
  await it.clock.advance(250);
  for (let level = 24; level < 44; level++) it.encoder.frame(it.frame(level), PICTURE);
  await settle();
  assert.equal(dropped(), 18 + 18, 'four catch-ups a second');
});

test(
  'an encoder rests for a third of a slow encoding, so that FFmpeg can catch up',
  { timeout },
  async (t) => {
    const it = bench(t, [HALF]);
    it.spent.ms = 30;
    it.encoder.frame(it.frame(1), PICTURE);
    await settle();
    it.encoder.frame(it.frame(2), PICTURE);
    await it.clock.advance(9);
    assert.equal(it.sent.length, 1);
    await it.clock.advance(1);
    assert.equal(it.sent.length, 2);
  },
);

test(
  'a frame that waited while nobody wanted it is not encoded afterwards: its buffer was written over',
  { timeout },
  async (t) => {
    const it = bench(t, [HALF]);
    it.gate.open = false;
    it.encoder.frame(it.frame(1), PICTURE);
    await settle();
    it.encoder.setDemands([]);
    it.encoder.frame(it.frame(2), PICTURE);
    it.encoder.setDemands([HALF]);
    it.gate.open = true;
    await it.clock.advance(1000);
    assert.equal(it.sent.length, 0);
    it.encoder.frame(it.frame(3), PICTURE);
    await settle();
    assert.equal(it.sent.length, 1);
  },
);

test(
  'a frame that waits is encoded before it is written over, also if the next one is not shown, or never',
  { timeout },
  async (t) => {
    const it = bench(t, [HALF]);
    it.encoder.frame(it.frame(1), PICTURE);
    it.encoder.flush();
    assert.equal(it.sent.length, 1, 'in the same turn');
    it.gate.open = false;
    it.encoder.frame(it.frame(2), PICTURE);
    await settle();
    it.encoder.flush();
    it.gate.open = true;
    await it.clock.advance(1000);
    assert.equal(it.sent.length, 1);
    assert.equal(it.counters.droppedInFlight, 1);
  },
);

test('a frame that cannot be encoded is skipped and counted, the next one comes', { timeout }, async (t) => {
  const it = bench(t, [HALF]);
  it.encoder.frame(new Uint8Array(7), PICTURE);
  await settle();
  assert.equal(it.counters.encodeErrors, 1);
  it.encoder.frame(it.frame(3), PICTURE);
  await settle();
  assert.equal(it.sent.length, 1);
});

test('after its close nothing more is encoded', { timeout }, async (t) => {
  const it = bench(t, [HALF]);
  it.encoder.frame(it.frame(3), PICTURE);
  it.encoder.close();
  await settle();
  assert.equal(it.sent.length, 0);
});
