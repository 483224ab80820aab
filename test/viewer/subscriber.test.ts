import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { CameraError, RefusedError } from '../../src/shared/errors.js';
import { createMetrics } from '../../src/telemetry/metrics.js';
import { Channel } from '../../src/camera/publisher.js';
import { TokenBucket } from '../../src/shared/token-bucket.js';
import { Subscriber } from '../../src/viewer/subscriber.js';
import { FakeSocket } from '../support/fake-socket.js';
import { ManualClock } from '../support/manual-clock.js';

const timeout = 30_000;

interface Options {
  readonly fps?: number | null;
  readonly events?: boolean;
}

/** One viewer of one channel; the socket's topic membership decides who gets a publish, as in the server. */
function seat({ fps = null, events = false }: Options = {}) {
  const clock = new ManualClock();
  const socket = new FakeSocket();
  const metrics = createMetrics();
  const channel = new Channel('640x360q50', 'cam', (topic, message) => {
    if (socket.topics.has(topic)) socket.send(message, true);
  });
  let gone = 0;
  const subscriber = new Subscriber(
    {
      socket,
      times: { maxLagMs: 300, slowTimeoutMs: 15_000 },
      clock,
      metrics,
      messages: new TokenBucket(20, 20),
      onGone: () => gone++,
    },
    { camera: 'cam', fps, events },
  );
  socket.onClose = () => {
    subscriber.closed();
  };
  let sequence = 0;
  const frame = (): void => {
    const message = new Uint32Array([++sequence]).buffer;
    channel.deliver({
      type: 'frame',
      key: '640x360q50',
      jpeg: message,
      capturedAt: clock.now(),
      encodeMs: 1,
    });
  };
  /** Answers every ping that went out. */
  const pong = (): void => {
    for (const ping of socket.pings.splice(0)) subscriber.pong(ping);
  };
  const got = (): number[] => socket.frames.map((bytes) => new Uint32Array(bytes)[0] ?? 0);
  const gauge = async (mode: string): Promise<number> =>
    (await metrics.viewers.get()).values.find((value) => value.labels.mode === mode)?.value ?? 0;
  const skipped = async (): Promise<number> => (await metrics.framesSkipped.get()).values[0]?.value ?? 0;
  /** Frames and prompt pongs until the viewer streams. */
  const promote = (): void => {
    for (let i = 0; i < 6; i++) {
      pong();
      frame();
    }
  };
  return {
    clock,
    socket,
    channel,
    subscriber,
    frame,
    pong,
    got,
    gauge,
    skipped,
    promote,
    metrics,
    gone: () => gone,
  };
}

test('the newest frame goes out at once, the next one only after the pong', { timeout }, () => {
  const it = seat();
  it.frame();
  it.frame();
  it.subscriber.attach(it.channel);
  assert.deepEqual(it.got(), [2]);
  it.frame();
  it.frame();
  assert.deepEqual(it.got(), [2]);
  it.pong();
  assert.deepEqual(it.got(), [2, 4]);
});

test(
  'a frame counts as skipped when a newer one takes its place, not when it only waited',
  { timeout },
  async () => {
    const it = seat();
    it.frame();
    it.subscriber.attach(it.channel);
    it.frame();
    it.pong();
    assert.deepEqual(it.got(), [1, 2]);
    assert.equal(await it.skipped(), 0);
    for (let i = 0; i < 5; i++) it.frame();
    it.pong();
    assert.deepEqual(it.got(), [1, 2, 7]);
    assert.equal(await it.skipped(), 4);
  },
);

test(
  'a prompt viewer joins the topic, a late one leaves it, and no frame comes twice or goes back',
  { timeout },
  async () => {
    const it = seat();
    it.subscriber.attach(it.channel);
    it.promote();
    assert.deepEqual([...it.socket.topics], ['cam']);
    assert.equal(it.channel.sinks.size, 0);
    assert.equal(await it.gauge('streaming'), 1);
    assert.equal(await it.gauge('paced'), 0);
    it.frame();
    it.subscriber.beat();
    await it.clock.advance(301);
    it.frame();
    it.subscriber.beat();
    assert.deepEqual([...it.socket.topics], []);
    it.frame();
    assert.equal(it.channel.sinks.size, 1);
    it.pong();
    assert.equal(it.got().at(-1), 9);
    assert.deepEqual(
      it.got(),
      [...new Set(it.got())].sort((a, b) => a - b),
    );
    assert.equal(await it.gauge('paced'), 1);
  },
);

test(
  'a viewer with a frame rate of its own is sent no more than that, and never joins the topic',
  { timeout },
  async () => {
    const it = seat({ fps: 5 });
    it.frame();
    it.subscriber.attach(it.channel);
    for (let t = 0; t < 2000; t += 40) {
      it.pong();
      await it.clock.advance(40);
      it.frame();
    }
    assert.equal(it.socket.topics.size, 0);
    assert.ok(it.got().length >= 10 && it.got().length <= 11, it.got().join());
    assert.equal(await it.gauge('streaming'), 1);
    assert.equal(await it.skipped(), 0);
  },
);

test(
  'the clock of the smallest round trip is set anew by a ping without a frame before it',
  { timeout },
  async () => {
    const it = seat();
    it.subscriber.attach(it.channel);
    it.frame();
    for (let i = 0; i < 60; i++) {
      await it.clock.advance(600);
      it.frame();
      it.pong();
    }
    // About one bare ping in thirty seconds; each of the others brought a frame.
    assert.ok(it.got().length >= 57 && it.got().length < 61, String(it.got().length));
  },
);

test('state events are sent only to who asked for them', { timeout }, () => {
  const status = { state: 'stale', reason: 'stall', since: 5 } as const;
  const silent = seat();
  silent.subscriber.state(status);
  assert.deepEqual(silent.socket.texts, []);
  const it = seat({ events: true });
  it.subscriber.state(status);
  it.subscriber.state({ state: 'live', reason: null, since: 6 });
  // How old a picture may be is no change of state.
  it.subscriber.state({ state: 'live', reason: null, since: 6, maxGapMs: 20_000 });
  assert.deepEqual(
    it.socket.texts.map((text): unknown => JSON.parse(text)),
    [
      { type: 'state', camera: 'cam', state: 'stale', reason: 'stall', since: 5 },
      { type: 'state', camera: 'cam', state: 'live', since: 6 },
    ],
  );
});

test('failures and refusals close with their codes and a reason that names the camera', { timeout }, () => {
  for (const [act, code, reason] of [
    [(s: Subscriber) => s.fail(new CameraError('open_timeout')), 4504, /^cam: opened but sent no frame/],
    [(s: Subscriber) => s.fail(new CameraError('unauthorized')), 4401, /^cam: /],
    [(s: Subscriber) => s.fail(new RefusedError('at_capacity', 'full')), 4503, /^full$/],
    [(s: Subscriber) => s.refuse('shutting_down', 'server is going away'), 1001, /going away/],
  ] as const) {
    const { subscriber, socket } = seat();
    act(subscriber);
    assert.equal(socket.ends[0]?.code, code);
    assert.match(socket.ends[0].reason, reason);
  }
});

test('more messages than allowed close the viewer with 4429', { timeout }, () => {
  const { subscriber, socket } = seat();
  for (let i = 0; i < 20; i++) subscriber.message();
  assert.equal(socket.ends.length, 0);
  subscriber.message();
  assert.equal(socket.ends[0]?.code, 4429);
});

test(
  'a viewer that answers nothing for fifteen seconds is closed with 4408 and counted',
  { timeout },
  async () => {
    const it = seat();
    it.frame();
    it.subscriber.attach(it.channel);
    await it.clock.advance(14_999);
    it.subscriber.beat();
    assert.equal(it.socket.ends.length, 0);
    await it.clock.advance(1);
    it.subscriber.beat();
    assert.equal(it.socket.ends[0]?.code, 4408);
    assert.equal((await it.metrics.slowViewers.get()).values[0]?.value, 1);
    assert.equal(await it.gauge('paced'), 0);
  },
);

test('what a full socket dropped goes out when there is room again, and frames go on', { timeout }, () => {
  const it = seat({ events: true });
  it.pong();
  it.socket.full = true;
  it.subscriber.attach(it.channel);
  it.frame();
  it.subscriber.state({ state: 'frozen', reason: null, since: 1 });
  it.subscriber.state({ state: 'live', reason: null, since: 2 });
  it.subscriber.drain();
  assert.deepEqual([it.socket.pings.length, it.socket.texts.length], [0, 0]);
  it.socket.full = false;
  it.subscriber.drain();
  it.subscriber.drain();
  assert.deepEqual(
    it.socket.texts.map((text) => (JSON.parse(text) as { state: string }).state),
    ['live'],
  );
  assert.equal(it.socket.pings.length, 1);
  it.frame();
  it.pong();
  assert.deepEqual(it.got(), [2]);
});

test('after its close a socket is not touched, whoever still calls', { timeout }, async () => {
  for (const streaming of [false, true]) {
    const it = seat({ events: true });
    it.subscriber.attach(it.channel);
    if (streaming) it.promote();
    it.frame();
    it.subscriber.beat();
    const pings = [...it.socket.pings];
    it.socket.close();
    it.subscriber.closed();
    await it.clock.advance(20_000);
    for (const ping of pings) it.subscriber.pong(ping);
    it.frame();
    if (it.channel.latest) it.subscriber.frame(it.channel.latest);
    it.subscriber.beat();
    it.subscriber.state({ state: 'live', reason: null, since: 0 });
    for (let i = 0; i < 100; i++) it.subscriber.message();
    it.subscriber.refuse('shutting_down', 'bye');
    it.subscriber.fail(new CameraError('stall'));
    it.subscriber.attach(it.channel);
    it.subscriber.drain();
    assert.equal(it.gone(), 1);
    assert.equal(it.channel.sinks.size, 0);
    assert.equal((await it.gauge('paced')) + (await it.gauge('streaming')), 0);
  }
});

test(
  'through any order of frames, pongs, beats and delays no frame comes twice or goes back',
  { timeout: 30_000 },
  async () => {
    const step = fc.oneof(
      fc.constantFrom('frame', 'frame', 'pong', 'pong', 'beat', 'clog', 'free', 'oldest', 'junk'),
      fc.integer({ min: 1, max: 400 }),
    );
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 120 }), fc.constantFrom(null, 5), async (steps, fps) => {
        const it = seat({ fps });
        it.subscriber.attach(it.channel);
        for (const does of steps) {
          if (!it.socket.open) break;
          if (typeof does === 'number') await it.clock.advance(does);
          else if (does === 'frame') it.frame();
          else if (does === 'pong') it.pong();
          else if (does === 'beat') it.subscriber.beat();
          else if (does === 'oldest') it.subscriber.pong(it.socket.pings.shift() ?? '');
          else if (does === 'junk') it.subscriber.pong('999999');
          else it.socket.buffered = does === 'clog' ? 1_000_000 : 0;
        }
        const got = it.got();
        assert.ok(
          got.every((sequence, i) => i === 0 || sequence > (got[i - 1] ?? 0)),
          got.join(),
        );
        if (it.socket.open) it.socket.close();
        assert.equal((await it.gauge('paced')) + (await it.gauge('streaming')), 0);
        assert.equal(it.gone(), 1);
      }),
      { numRuns: 100 },
    );
  },
);
