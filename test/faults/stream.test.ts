import assert from 'node:assert/strict';
import { test } from 'node:test';
import jpegTurbo from 'jpeg-turbo';
import { identify } from '../../bench/lib/frame-age.js';
import { frameNumberOfJpeg } from '../../bench/lib/frame-number.js';
import { isAlive } from '../../bench/lib/proc.js';
import { cameras, service, watch } from '../support/rig.js';
import { until } from '../support/until.js';
import { FFMPEGS } from '../support/ffmpegs.js';

/** A camera that was live and then misbehaves: the viewer stays connected, is told, and sees it come back. */

for (const ffmpeg of FFMPEGS) {
  test(
    `stalls after PLAY: stale within the watchdog, then live again, with ${ffmpeg.name}`,
    { timeout: 40_000 },
    async (t) => {
      const set = await cameras(t);
      const server = await service(t, { FFMPEG_PATH: ffmpeg.path });
      const viewer = watch(t, server, 'cam1', set.url(0));
      await viewer.state('live');
      await viewer.more(10);
      const [pid = 0] = server.ffmpegPids();
      await set.fault('cam1', 'stall:0');
      const stalledAt = Date.now();
      const { reason, since } = await viewer.state('stale');
      assert.equal(reason, 'stall');
      assert.ok(
        since - stalledAt < 2500,
        `stale ${since - stalledAt} ms after the last frame, with a watchdog of 1 s`,
      );
      await until('the stalled FFmpeg is gone', () => !isAlive(pid));
      const seen = viewer.frames.length;
      assert.equal((await server.camera('cam1'))?.state, 'stale');
      await set.fault('cam1', null);
      await viewer.state('live');
      await viewer.more(5);
      assert.ok(viewer.frames.length >= seen + 5);
      assert.equal(viewer.stats.closed, undefined, 'the viewer did not reconnect');
      assert.ok((await server.metric('reconnects_total', { camera: 'cam1', reason: 'stall' })) >= 1);
      assert.equal(server.ffmpegPids().length, 1);
    },
  );
}

for (const ffmpeg of FFMPEGS) {
  test(
    `holds no picture back until the next one comes, with ${ffmpeg.name}`,
    { timeout: 30_000 },
    async (t) => {
      const set = await cameras(t, { fault: 'stall:40' });
      const server = await service(t, { FFMPEG_PATH: ffmpeg.path, STALL_TIMEOUT_MS: '10000' });
      const viewer = watch(t, server, 'cam1', set.url(0));
      await viewer.state('live');
      await until('the last picture is shown', async () => {
        const sent = await set.sent('cam1');
        const [absolute] = sent.at(-1) ?? [];
        const last = viewer.frames.at(-1);
        return sent.length === 40 && last && frameNumberOfJpeg(last.jpeg) === absolute;
      });
    },
  );
}

test('stalls with the default watchdog: killed within 5 s and reaped', { timeout: 40_000 }, async (t) => {
  const set = await cameras(t);
  const server = await service(t, { STALL_TIMEOUT_MS: '', OPEN_TIMEOUT_MS: '' });
  const viewer = watch(t, server, 'cam1', set.url(0));
  await viewer.state('live');
  await viewer.more(3);
  const [pid = 0] = server.ffmpegPids();
  await set.fault('cam1', 'stall:0');
  const stalledAt = Date.now();
  const { since } = await viewer.state('stale', 10_000);
  const after = since - stalledAt;
  assert.ok(after > 4000 && after < 6500, `stale after ${after} ms, not about 5 s`);
  assert.ok(
    viewer.frames.every(({ at }) => at < stalledAt + 1000),
    'no frame that FFmpeg had held back is shown as new',
  );
  await until('FFmpeg is reaped', () => !isAlive(pid), 3000);
});

test(
  'camera reboots: stale, then live within one backoff step of its return',
  { timeout: 60_000 },
  async (t) => {
    const set = await cameras(t);
    const server = await service(t, { RETRY_MAX_MS: '1000' });
    const viewer = watch(t, server, 'cam1', set.url(0));
    await viewer.state('live');
    await viewer.more(5);
    await set.fault('cam1', 'gone:8000');
    const back = performance.now() + 8000;
    await viewer.state('stale');
    await until('a try is refused', () =>
      server.metric('reconnects_total', { camera: 'cam1', reason: 'refused' }),
    );
    await viewer.state('live', 20_000);
    await viewer.more(1);
    const late = performance.now() - back;
    // Longest pause 1 s and its jitter of 20 %, the opening itself (first key frame of a GOP of half a second), and a busy machine.
    assert.ok(late < 4000, `first frame ${Math.round(late)} ms after the return`);
    assert.equal(viewer.stats.closed, undefined);
  },
);

test(
  'TCP reset mid-frame: no torn JPEG, frames never step back, live again',
  { timeout: 40_000 },
  async (t) => {
    const set = await cameras(t, { count: 1 });
    const server = await service(t);
    const viewer = watch(t, server, 'cam1', set.url(0));
    await viewer.state('live');
    await viewer.more(5);
    await set.fault('cam1', 'reset:5');
    await until('a reset was seen', () =>
      server.metric('reconnects_total', { camera: 'cam1', reason: 'disconnected' }),
    );
    await set.fault('cam1', null);
    await viewer.state('live');
    await viewer.more(10);
    assert.equal(viewer.stats.torn, 0);
    assert.equal(viewer.stats.closed, undefined);
    for (const { jpeg } of viewer.frames)
      assert.notEqual(frameNumberOfJpeg(jpeg), null, 'a picture is whole');
    const log = await set.sent('cam1');
    const order = viewer.frames.map(({ jpeg, at }) => identify(jpeg, at, log, 504)?.absolute ?? -1);
    assert.deepEqual(
      order,
      [...order].sort((a, b) => a - b),
    );
  },
);

test(
  'resolution changes mid-stream: same output size, right picture, no restart',
  { timeout: 40_000 },
  async (t) => {
    const set = await cameras(t);
    const server = await service(t);
    const viewer = watch(t, server, 'cam1', set.url(0), { query: { width: '320', height: '180' } });
    await viewer.state('live');
    await viewer.more(5);
    await set.fault('cam1', 'resize:640x480');
    // The number's row is at the picture's edge, and 4:3 in 16:9 stands between black bars: no number there any more.
    await until('the other shape shows', () => {
      const last = viewer.frames.at(-1);
      return last !== undefined && frameNumberOfJpeg(last.jpeg) === null;
    });
    await viewer.more(5);
    const last = viewer.frames.at(-1);
    assert.ok(last);
    const picture = jpegTurbo.decompressSync(last.jpeg, { format: jpegTurbo.FORMAT_GRAY });
    assert.deepEqual([picture.width, picture.height], [320, 180]);
    const mean = (from: number, to: number): number => {
      let sum = 0;
      for (let y = 0; y < 180; y++) for (let x = from; x < to; x++) sum += picture.data[y * 320 + x] ?? 0;
      return sum / (180 * (to - from));
    };
    assert.ok(mean(0, 36) < 8 && mean(284, 320) < 8, 'bars at both sides');
    assert.ok(mean(44, 276) > 30, 'the picture between them');
    await set.fault('cam1', 'resize:320x180');
    await until('the first shape shows again', () => {
      const newest = viewer.frames.at(-1);
      return newest !== undefined && frameNumberOfJpeg(newest.jpeg) !== null;
    });
    assert.equal(await server.metric('reconnects_total', { camera: 'cam1' }), 0, 'one session all along');
    await until('decoders of other shapes are gone', () => server.ffmpegPids().length === 1);
    assert.deepEqual(
      viewer.states.map(({ state }) => state).filter((state) => state !== 'connecting'),
      ['live'],
    );
  },
);

for (const ffmpeg of FFMPEGS) {
  test(
    `garbage H.264: stale, reconnects with backoff, live again, with ${ffmpeg.name}`,
    { timeout: 40_000 },
    async (t) => {
      const set = await cameras(t);
      const server = await service(t, {
        FFMPEG_PATH: ffmpeg.path,
        RETRY_MIN_MS: '500',
        RETRY_MAX_MS: '1000',
      });
      const viewer = watch(t, server, 'cam1', set.url(0));
      await viewer.state('live');
      await viewer.more(5);
      const tries = (): Promise<number> => server.metric('reconnects_total', { camera: 'cam1' });
      const before = await tries();
      await set.fault('cam1', 'garbage');
      const began = performance.now();
      assert.equal((await viewer.state('stale')).reason, 'bad_data');
      await until('two tries more', async () => (await tries()) >= before + 2, 20_000);
      const why = await server.metric('reconnects_total', { camera: 'cam1', reason: 'bad_data' });
      assert.equal(why, await tries(), 'no key frame helps');
      // Each try lasts until its timeout or its failure, and a pause of at least 400 ms follows.
      assert.ok(performance.now() - began > 800, 'no hot loop');
      assert.ok((await tries()) <= before + 3);
      assert.equal(viewer.stats.torn, 0);
      await set.fault('cam1', null);
      await viewer.state('live', 15_000);
      await viewer.more(5);
      assert.equal(viewer.stats.closed, undefined);
    },
  );
}

test('packets are lost: every JPEG is whole, the viewer stays', { timeout: 30_000 }, async (t) => {
  const set = await cameras(t);
  const server = await service(t);
  const viewer = watch(t, server, 'cam1', set.url(0));
  await viewer.state('live');
  await set.fault('cam1', 'loss:5');
  await viewer.more(50, 20_000);
  assert.equal(viewer.stats.torn, 0);
  assert.equal(viewer.stats.closed, undefined);
});

test('the picture freezes: state frozen without a restart, then live', { timeout: 30_000 }, async (t) => {
  const set = await cameras(t);
  const server = await service(t, { FROZEN_AFTER_MS: '1500' });
  const viewer = watch(t, server, 'cam1', set.url(0));
  await viewer.state('live');
  await set.fault('cam1', 'freeze');
  await viewer.state('frozen', 10_000);
  assert.equal(await server.metric('camera_state', { camera: 'cam1', state: 'frozen' }), 1);
  assert.equal((await server.camera('cam1'))?.state, 'frozen');
  await set.fault('cam1', null);
  await viewer.state('live');
  assert.equal(await server.metric('ffmpeg_starts_total', { camera: 'cam1' }), 1);
});

test(
  'a stale camera: /snapshot says the age of its frame, and 503 past the bound',
  { timeout: 30_000 },
  async (t) => {
    const set = await cameras(t);
    const server = await service(t, { SNAPSHOT_MAX_AGE_MS: '4000' });
    const viewer = watch(t, server, 'cam1', set.url(0));
    await viewer.state('live');
    await set.fault('cam1', 'refuse');
    await viewer.state('stale');
    const snapshot = (): Promise<Response> => fetch(`${server.url}/snapshot?camera_index=cam1`);
    const early = await snapshot();
    assert.equal(early.status, 200);
    assert.equal(early.headers.get('x-camera-state'), 'stale');
    assert.match(early.headers.get('x-frame-age-ms') ?? '', /^\d+$/);
    await early.arrayBuffer();
    const late = await until('a snapshot is refused', async () => {
      const answer = await snapshot();
      const body = await answer.text();
      return answer.status === 503 ? body : undefined;
    });
    assert.match(late, /stale/);
  },
);
