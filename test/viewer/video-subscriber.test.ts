import assert from 'node:assert/strict';
import { test } from 'node:test';
import { VideoChannel } from '../../src/camera/video-channel.js';
import { TokenBucket } from '../../src/shared/token-bucket.js';
import { createMetrics } from '../../src/telemetry/metrics.js';
import { parseVideoCodec } from '../../src/viewer/video-request.js';
import { VideoSubscriber } from '../../src/viewer/video-subscriber.js';
import { BEAT_MS } from '../../src/viewer/viewers.js';
import { FakeSocket } from '../support/fake-socket.js';
import { ManualClock } from '../support/manual-clock.js';

const timeout = 30_000;
const FORMAT = { codec: 'h264', codecString: 'avc1.4d401e', width: 640, height: 360 } as const;

/** One viewer of one camera's video; a unit's one byte is `k`, `d` or `l` (leading). */
function seat() {
  const clock = new ManualClock();
  const socket = new FakeSocket();
  const channel = new VideoChannel();
  channel.wanted(true);
  const viewer = new VideoSubscriber(
    {
      socket,
      times: { maxLagMs: 300, slowTimeoutMs: 15_000 },
      clock,
      metrics: createMetrics(),
      messages: new TokenBucket(20, 20),
      onGone: () => undefined,
    },
    { camera: 'cam', codec: 'h264', events: true },
  );
  socket.onClose = () => {
    viewer.closed();
  };
  const play = (kinds: string, format: typeof FORMAT | object = FORMAT): void => {
    for (const kind of kinds) {
      const data = Uint8Array.of(kind.charCodeAt(0)).buffer;
      const common = { type: 'unit', data, capturedAt: clock.now(), isLeading: kind === 'l' } as const;
      const whole = { ...FORMAT, ...format };
      channel.deliver(
        kind === 'k'
          ? { ...common, kind: 'key', format: whole, followsGap: false }
          : { ...common, kind: 'delta' },
      );
    }
  };
  const pong = (): void => {
    for (const ping of socket.pings.splice(0)) viewer.pong(ping);
  };
  const got = (): string => socket.frames.map((data) => Buffer.from(data).toString()).join('');
  return { clock, socket, channel, viewer, play, pong, got };
}

test('a viewer gets the units since the last key unit, and is told what they are before', { timeout }, () => {
  const it = seat();
  it.play('kldd');
  it.viewer.attach(it.channel);
  it.play('dk');
  it.play('d', { width: 1280 });
  assert.equal(it.got(), 'kdddkd', 'a delta unit brings no format');
  const told = { type: 'video', camera: 'cam', form: 'h264', codec: 'avc1.4d401e', width: 640, height: 360 };
  assert.deepEqual(JSON.parse(it.socket.texts[0] ?? ''), told);
  it.play('k', { codecString: 'avc1.640028', width: 1920, height: 1080 });
  assert.deepEqual(JSON.parse(it.socket.texts[1] ?? ''), {
    ...told,
    codec: 'avc1.640028',
    width: 1920,
    height: 1080,
  });
});

test('without a backlog it begins with the next key unit, without leading ones', { timeout }, () => {
  const it = seat();
  it.viewer.attach(it.channel);
  it.play('ddkldlkld');
  assert.equal(it.got(), 'kdlkld');
});

test(
  'a viewer whose pong is late gets nothing up to a key unit at which it has caught up',
  { timeout },
  async () => {
    const it = seat();
    it.viewer.attach(it.channel);
    it.play('kd');
    it.viewer.beat();
    await it.clock.advance(400);
    it.viewer.beat();
    it.play('ddkd');
    assert.equal(it.got(), 'kd', 'it still owes the pong');
    it.pong();
    it.play('ddkd');
    assert.equal(it.got(), 'kdkd');
  },
);

test('a socket that drops a unit is given the next key unit and its description', { timeout }, () => {
  const it = seat();
  it.viewer.attach(it.channel);
  it.play('kd');
  it.socket.full = true;
  it.play('d');
  it.socket.full = false;
  it.viewer.drain();
  it.play('ddkd');
  assert.equal(it.got(), 'kdkd');
  assert.equal(it.socket.texts.length, 2);
});

test('one that answers nothing for the slow timeout is closed', { timeout }, async () => {
  const it = seat();
  it.viewer.attach(it.channel);
  it.play('k');
  for (let t = 0; t <= 15_100 && it.socket.open; t += BEAT_MS) {
    await it.clock.advance(BEAT_MS);
    it.viewer.beat();
  }
  assert.equal(it.socket.ends[0]?.code, 4408);
});

test('a camera that sends another codec closes it, and says which', { timeout }, () => {
  const it = seat();
  it.viewer.attach(it.channel);
  it.play('k', { codec: 'h265', codecString: 'hvc1.1.6.L93.B0' });
  assert.deepEqual(it.socket.ends, [{ code: 4400, reason: 'the camera sends h265: ask for codec=h265' }]);
  const old = seat();
  old.channel.source('jpeg');
  old.viewer.attach(old.channel);
  assert.match(old.socket.ends[0]?.reason ?? '', /the camera sends jpeg/);
});

test('codec goes with none of what only JPEGs have, and is one of two', { timeout }, () => {
  const parse = (query: Record<string, string>) => parseVideoCodec(new Map(Object.entries(query)));
  assert.equal(parse({}), null);
  assert.equal(parse({ codec: 'h265' }), 'h265');
  assert.throws(() => parse({ codec: 'av1' }), /codec must be h264 or h265/);
  for (const name of ['width', 'height', 'quality', 'fps'])
    assert.throws(() => parse({ codec: 'h264', [name]: '50' }), new RegExp(`${name} goes with JPEG`));
});
