import assert from 'node:assert/strict';
import { test } from 'node:test';
import { AwakeClock } from '../../src/cluster/nodes/awake-clock.js';
import { Directory } from '../../src/cluster/nodes/directory.js';
import { Presence } from '../../src/cluster/nodes/presence.js';
import { Subjects } from '../../src/cluster/bus/subjects.js';
import { ManualClock } from '../support/manual-clock.js';

const timeout = 30_000;

/** A presence that is asked for node b four times a second. */
function rig() {
  const clock = new ManualClock();
  const awake = new AwakeClock(clock);
  const it = {
    answer: 'nobody' as 'answered' | 'nobody' | 'silent',
    connected: true,
    asked: 0,
    gone: [] as string[],
    isGone: () => presence.isGone('b'),
    async pass(ms: number) {
      for (const end = clock.now() + ms; clock.now() < end;) {
        await clock.advance(250);
        presence.isGone('b');
      }
    },
  };
  const bus = {
    get connected() {
      return it.connected;
    },
    reach: (subject: string) => {
      assert.equal(subject, 'rtsp-ws.here.b');
      it.asked++;
      return Promise.resolve(it.answer);
    },
  };
  const presence = new Presence({
    bus,
    subjects: new Subjects('rtsp-ws'),
    now: () => awake.now(),
    gone: (node) => it.gone.push(node),
  });
  presence.connected();
  return { it, presence };
}

test('a node that NATS has no connection of is gone after a second, not at once', { timeout }, async () => {
  const { it, presence } = rig();
  it.answer = 'answered';
  await it.pass(5000);
  it.answer = 'nobody';
  await it.pass(1000);
  assert.equal(it.isGone(), false);
  await it.pass(1000);
  assert.equal(it.isGone(), true);
  assert.deepEqual(it.gone, ['b'], 'told once');
  presence.heard('b');
  assert.equal(it.isGone(), false, 'it is back');
});

test('a node that is heard is not asked', { timeout }, async () => {
  const { it, presence } = rig();
  for (let second = 0; second < 10; second++) {
    presence.heard('b');
    await it.pass(250);
  }
  assert.equal(it.asked, 0);
});

test('one that does not answer may be stopped or slow: nothing is said of it', { timeout }, async () => {
  const { it } = rig();
  it.answer = 'silent';
  await it.pass(10_000);
  assert.ok(it.asked > 10);
  assert.equal(it.isGone(), false);
});

test('a node that reconnects in between is there', { timeout }, async () => {
  const { it } = rig();
  it.answer = 'answered';
  await it.pass(5000);
  for (let round = 0; round < 5; round++) {
    it.answer = 'nobody';
    await it.pass(750);
    it.answer = 'answered';
    await it.pass(500);
  }
  assert.deepEqual(it.gone, []);
});

test('after a reconnect of this node nobody is gone for three seconds', { timeout }, async () => {
  const { it, presence } = rig();
  await it.pass(5000);
  assert.equal(it.isGone(), true);
  presence.connected();
  await it.pass(2500);
  assert.equal(it.isGone(), false);
  it.connected = false;
  await it.pass(5000);
  assert.equal(it.isGone(), false, 'without NATS nobody can tell');
});

test('time in which this process did not run is no silence of others', { timeout }, async () => {
  const clock = new ManualClock();
  const awake = new AwakeClock(clock);
  const directory = new Directory(() => awake.now());
  const tell = () =>
    directory.noteState('b', {
      instance: 'b'.repeat(16),
      all: true,
      streams: [
        {
          stream: 'door',
          epoch: 7,
          hash: 'h'.repeat(22),
          state: 'live',
          reason: null,
          everLive: true,
          sinceMs: 0,
          degraded: 0,
          codec: null,
          viewers: 1,
          frameMs: 0,
        },
      ],
      gone: [],
      failed: [],
      holds: [],
    });
  tell();
  await clock.advance(1500);
  // Stopped, or without a processor; then timers fire before anything is read.
  clock.spend(60_000);
  await clock.advance(100);
  assert.equal(directory.owner('door')?.node, 'b');
  await clock.advance(1500);
  assert.equal(directory.owner('door'), null, 'silent while this process ran');
  awake.close();
  assert.equal(clock.pending, 0);
});
