import assert from 'node:assert/strict';
import { test } from 'node:test';
import { EdgeSender, type OutgoingFrame } from '../../src/cluster/frames/edge-sender.js';
import { type ParsedFrame, readFrame } from '../../src/cluster/frames/frame-codec.js';

const timeout = 30_000;

/** A sender whose messages the test acknowledges when it likes. */
function rig(maxPayload = 1 << 20) {
  const state = { now: 0, isUp: true, skipped: 0 };
  const sent: ParsedFrame[] = [];
  const sender = new EdgeSender(300, {
    send: (message) => {
      const frame = readFrame(message);
      assert.ok(frame);
      if (state.isUp) sent.push(frame);
      return state.isUp;
    },
    now: () => state.now,
    epochNow: () => 1_000_000 + state.now,
    maxPayload: () => maxPayload,
    sent: () => undefined,
    skipped: () => state.skipped++,
  });
  let picture = 0;
  const offer = (stream = 'door', bytes = new Uint8Array([++picture])): void => {
    const frame: OutgoingFrame = {
      stream,
      rendition: '640x360q50',
      kind: 'jpeg',
      epoch: 5,
      capturedAt: 1_000_000 + state.now - 2,
      bytes: bytes.buffer,
    };
    sender.offer(frame);
  };
  const acknowledge = (heldMs = 0): void => {
    const last = sent.at(-1);
    assert.ok(last);
    sender.acknowledged({ session: last.session, sequence: last.sequence, heldMs });
  };
  const pictures = (): number[] => sent.map(({ payload }) => payload[0] ?? 0);
  return { state, sent, sender, offer, acknowledge, pictures };
}

test('an edge that acknowledges in time is sent every frame', { timeout }, () => {
  const it = rig();
  for (let i = 0; i < 100; i++) {
    it.offer();
    it.state.now += 40;
    it.acknowledge(20);
  }
  assert.equal(it.sent.length, 100);
  assert.equal(it.state.skipped, 0);
  assert.equal(it.sent[0]?.ageMs, 2);
  assert.equal(it.sent.at(-1)?.roundTripMs, 20);
});

test(
  'nothing more is sent once a frame is unacknowledged for longer than the bound; then the newest goes',
  { timeout },
  () => {
    const it = rig();
    for (let i = 0; i < 20; i++) {
      it.offer();
      it.state.now += 40;
    }
    assert.deepEqual(it.pictures(), [1, 2, 3, 4, 5, 6, 7, 8], 'what was offered within 300 ms of the first');
    it.acknowledge();
    assert.equal(it.pictures().at(-1), 20, 'the newest at once');
    assert.equal(it.state.skipped, 11);
  },
);

test(
  'each stream and rendition keeps its own newest frame, and the one that waits longest goes first',
  { timeout },
  () => {
    const it = rig();
    it.offer('a');
    it.state.now = 400;
    for (const stream of ['a', 'b', 'a', 'c']) it.offer(stream);
    it.acknowledge();
    assert.deepEqual(
      it.sent.map(({ stream, payload }) => `${stream}${payload[0] ?? 0}`),
      ['a1', 'b3', 'a4', 'c5'],
    );
  },
);

test('the bound counts on top of the smallest round trip of the edge', { timeout }, () => {
  const it = rig();
  it.offer();
  it.state.now = 250;
  it.acknowledge();
  it.offer();
  it.state.now = 250 + 500;
  it.offer();
  assert.equal(it.sent.length, 3, '500 ms are within 300 and a round trip of 250');
  it.state.now += 100;
  it.offer();
  assert.equal(it.sent.length, 3);
});

test('an edge that answers nothing for a second is tried with one frame at a time', { timeout }, () => {
  const it = rig();
  const tried: number[] = [];
  for (; it.state.now < 10_000; it.state.now += 40) {
    const before = it.sent.length;
    it.offer();
    if (it.sent.length > before && it.state.now > 1000) tried.push(it.state.now);
  }
  assert.ok(tried.length >= 7 && tried.length <= 9, `${tried.join()}: about one a second`);
  it.acknowledge();
  const before = it.sent.length;
  for (let i = 0; i < 5; i++) it.offer();
  assert.equal(it.sent.length, before + 5, 'it streams again');
});

test('a frame larger than the server takes goes in parts', { timeout }, () => {
  const it = rig(1024);
  it.offer(
    'door',
    new Uint8Array(2000).map((_, at) => at),
  );
  assert.deepEqual(
    it.sent.map(({ part, parts, sequence }) => [part, parts, sequence]),
    [
      [0, 3, 1],
      [1, 3, 2],
      [2, 3, 3],
    ],
  );
  assert.equal(Buffer.concat(it.sent.map(({ payload }) => payload)).length, 2000);
});

test('without a connection nothing waits: a new session begins with the frames of then', { timeout }, () => {
  const it = rig();
  it.offer();
  const [first] = it.sent;
  it.state.isUp = false;
  it.state.now = 400;
  it.offer();
  it.sender.reset();
  it.state.isUp = true;
  it.offer();
  assert.deepEqual(it.pictures(), [1, 3]);
  assert.notEqual(it.sent.at(-1)?.session, first?.session);
  it.sender.acknowledged({ session: first?.session ?? 0, sequence: 99, heldMs: 0 });
  assert.equal(it.sender.lagMs, 0, 'an acknowledgement of the old session counts for nothing');
});
