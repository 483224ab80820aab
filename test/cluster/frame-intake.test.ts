import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type FrameHeader, readAck, writeFrame } from '../../src/cluster/frames/frame-codec.js';
import { FrameIntake, type RemoteFrame } from '../../src/cluster/frames/frame-intake.js';
import { ManualClock } from '../support/manual-clock.js';

const timeout = 30_000;

/** This node's clock is an hour ahead of the others': nothing may depend on theirs. */
const EPOCH = 1_800_003_600_000;

function rig() {
  const clock = new ManualClock();
  const frames: RemoteFrame[] = [];
  const acks: { owner: string; sequence: number; heldMs: number }[] = [];
  const intake = new FrameIntake({
    clock,
    epochNow: () => EPOCH + clock.now(),
    acknowledge: (owner, message) => {
      const ack = readAck(message);
      assert.ok(ack);
      acks.push({ owner, sequence: ack.sequence, heldMs: ack.heldMs });
    },
    frame: (frame) => frames.push(frame),
  });
  const message = (sequence: number, more: Partial<FrameHeader> = {}, payload = new Uint8Array([sequence])) =>
    writeFrame(
      {
        kind: 'jpeg',
        epoch: 5,
        session: 1,
        sequence,
        ageMs: 4,
        roundTripMs: 2,
        part: 0,
        parts: 1,
        stream: 'door',
        rendition: '640x360q50',
        ...more,
      },
      payload,
    );
  return { clock, frames, acks, intake, message };
}

test(
  'a frame is as old as its age and half the round trip say, whatever the time of the owner',
  { timeout },
  () => {
    const it = rig();
    it.intake.message('a', it.message(1));
    assert.equal(it.frames[0]?.capturedAt, EPOCH - 4 - 1);
    assert.deepEqual([...new Uint8Array(it.frames[0].bytes)], [1]);
  },
);

test('an owner is told once in 20 ms what has been taken of all its streams', { timeout }, async () => {
  const it = rig();
  it.intake.message('a', it.message(1));
  await it.clock.advance(8);
  it.intake.message('a', it.message(2, { stream: 'yard' }));
  it.intake.message('b', it.message(9));
  await it.clock.advance(12);
  assert.deepEqual(it.acks, [{ owner: 'a', sequence: 2, heldMs: 12 }]);
  await it.clock.advance(100);
  assert.deepEqual(it.acks.slice(1), [{ owner: 'b', sequence: 9, heldMs: 20 }]);
});

test('parts make one frame, in memory of its own', { timeout }, () => {
  const it = rig();
  const buffer = new Uint8Array(it.message(3, { parts: 2 }));
  it.intake.message('a', buffer);
  // The client reuses what it read into.
  buffer.fill(0);
  it.intake.message('a', it.message(4, { part: 1, parts: 2 }));
  assert.deepEqual([...new Uint8Array(it.frames[0]?.bytes ?? new ArrayBuffer(0))], [3, 4]);
});

test('a frame that misses a part is never shown, and the next one is', { timeout }, () => {
  const it = rig();
  it.intake.message('a', it.message(1, { parts: 3 }));
  it.intake.message('a', it.message(3, { part: 2, parts: 3 }));
  it.intake.message('a', it.message(4, { part: 1, parts: 3 }));
  it.intake.message('a', it.message(5, { parts: 2 }));
  it.intake.message('a', it.message(6));
  it.intake.message('a', it.message(7, { part: 1, parts: 2 }));
  assert.deepEqual(
    it.frames.map(({ bytes }) => [...new Uint8Array(bytes)]),
    [[6]],
  );
});

test('an owner that begins a new session is acknowledged in that one', { timeout }, async () => {
  const it = rig();
  it.intake.message('a', it.message(500));
  it.intake.message('a', it.message(1, { session: 2 }));
  await it.clock.advance(20);
  assert.deepEqual(it.acks, [{ owner: 'a', sequence: 1, heldMs: 20 }]);
});

test('what is no frame is not acknowledged, and nothing waits after the end', { timeout }, async () => {
  const it = rig();
  it.intake.message('a', new Uint8Array(40));
  await it.clock.advance(50);
  assert.deepEqual(it.acks, []);
  it.intake.message('a', it.message(1));
  it.intake.close();
  assert.equal(it.clock.pending, 0);
});
