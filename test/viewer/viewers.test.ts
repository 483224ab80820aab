import assert from 'node:assert/strict';
import { test, type TestContext } from 'node:test';
import { createMetrics } from '../../src/telemetry/metrics.js';
import { TokenBucket } from '../../src/shared/token-bucket.js';
import { Subscriber } from '../../src/viewer/subscriber.js';
import { BEAT_MS, Viewers } from '../../src/viewer/viewers.js';
import { FakeSocket } from '../support/fake-socket.js';
import { ManualClock } from '../support/manual-clock.js';

const timeout = 30_000;

/** A viewer that counts how often it is looked at. */
class Counted extends Subscriber {
  beats = 0;
  onBeat: () => void = () => undefined;

  override beat(): void {
    this.beats++;
    this.onBeat();
  }
}

function crowd(t: TestContext, count: number) {
  t.mock.timers.enable({ apis: ['setInterval'] });
  const viewers = new Viewers();
  t.after(() => {
    viewers.close();
  });
  const metrics = createMetrics();
  const make = () => {
    const socket = new FakeSocket();
    const viewer: Counted = new Counted(
      {
        socket,
        times: { maxLagMs: 300, slowTimeoutMs: 15_000 },
        clock: new ManualClock(),
        metrics,
        messages: new TokenBucket(1, 1),
        onGone: () => {
          viewers.remove(viewer);
        },
      },
      { camera: 'cam', fps: null, events: false },
    );
    socket.onClose = () => {
      viewer.closed();
    };
    viewers.add(viewer);
    return { viewer, socket };
  };
  return { viewers, make, all: Array.from({ length: count }, make) };
}

for (const { count, roundMs } of [
  { count: 1, roundMs: BEAT_MS },
  { count: 100, roundMs: BEAT_MS },
  { count: 240, roundMs: BEAT_MS },
  { count: 2000, roundMs: 840 },
]) {
  test(
    `each of ${count} viewers is looked at once in ${roundMs} ms, give or take a slice`,
    { timeout },
    (t) => {
      const { all } = crowd(t, count);
      for (let passed = 0; passed < roundMs * 10; passed += 20) t.mock.timers.tick(20);
      const beats = all.map(({ viewer }) => viewer.beats);
      assert.ok(Math.min(...beats) >= 9, `least ${Math.min(...beats)}`);
      assert.ok(Math.max(...beats) <= 11, `most ${Math.max(...beats)}`);
    },
  );
}

test('viewers that leave or come while the round goes on keep nobody from their turn', { timeout }, (t) => {
  const { all, make, viewers } = crowd(t, 100);
  for (const [i, { viewer, socket }] of all.entries()) {
    viewer.onBeat = () => {
      if (i % 2 === 0 && socket.open) socket.close();
      if (i % 10 === 1 && viewer.beats === 1) make();
    };
  }
  for (let passed = 0; passed < 400; passed += 20) t.mock.timers.tick(20);
  assert.equal(viewers.size, 60);
  for (const [i, { viewer }] of all.entries()) {
    if (i % 2 === 0) assert.equal(viewer.beats, 1);
    else assert.ok(viewer.beats >= 2, String(viewer.beats));
  }
});

test('at the end every viewer is told that the server goes away', { timeout }, (t) => {
  const { all, viewers } = crowd(t, 50);
  viewers.close();
  assert.equal(viewers.size, 0);
  for (const { socket } of all) assert.deepEqual(socket.ends[0]?.code, 1001);
});
