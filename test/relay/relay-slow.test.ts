import assert from 'node:assert/strict';
import { getPriority } from 'node:os';
import { test } from 'node:test';
import { childrenOf, fdCountOf, threadsOf } from '../../bench/lib/proc.js';
import { unwrap } from '../../bench/lib/frame-number.js';
import { spawnCameras } from '../../bench/virtual-camera/index.js';
import { service, watch, type Watcher } from '../support/rig.js';
import { MachinePace } from '../support/machine-pace.js';
import { inBounds, onceInThreeTimes } from '../support/three-times.js';
import { until } from '../support/until.js';
import { FFMPEGS } from '../support/ffmpegs.js';
import { jpegSize } from '../support/jpeg-size.js';

/** Times as users have them, but for the linger. */
const DEFAULTS = {
  OPEN_TIMEOUT_MS: '',
  STALL_TIMEOUT_MS: '',
  RETRY_MIN_MS: '',
  RETRY_MAX_MS: '',
  LINGER_MS: '500',
};

/** Frame numbers one after another, whole: no repeat, no step back, no torn picture; gives how many were left out. */
function assertIncreasing(watcher: Watcher, modulo: number): number {
  let last = -1;
  let skipped = 0;
  for (const number of watcher.numbers()) {
    assert.notEqual(number, null, 'a picture whose number cannot be read');
    const absolute: number = last < 0 ? (number ?? 0) : unwrap(number ?? 0, last + 1, modulo);
    if (last >= 0) {
      assert.ok(absolute > last, `frame ${absolute} after ${last}`);
      skipped += absolute - last - 1;
    }
    last = absolute;
  }
  return skipped;
}

for (const ffmpeg of FFMPEGS) {
  test(
    `relays whole, numbered JPEGs of the default size, each once, with ${ffmpeg.name}`,
    { timeout: 60_000 },
    async (t) => {
      const pace = new MachinePace(t);
      const cameras = await spawnCameras({ count: 4 });
      t.after(() => cameras.stop());
      const server = await service(t, { ...DEFAULTS, FFMPEG_PATH: ffmpeg.path });
      const watchers = cameras.urls.map((url, i) => watch(t, server, `cam${i}`, url));
      await onceInThreeTimes(async (attempt) => {
        const before = watchers.map((watcher) => assertIncreasing(watcher, 500));
        await Promise.all(watchers.map((watcher) => watcher.more(attempt === 0 ? 100 : 50, 30_000)));
        for (const [i, watcher] of watchers.entries()) {
          assert.equal(watcher.stats.torn, 0);
          assert.deepEqual([...new Set(watcher.frames.map(({ jpeg }) => jpegSize(jpeg)))], ['640x360']);
          // A loaded machine may leave a frame out; it may never repeat one.
          const skipped = assertIncreasing(watcher, 500) - (before[i] ?? 0);
          inBounds(skipped < 20 * pace.slowness(), `${skipped} frames left out`);
        }
      });
      assert.equal(server.ffmpegPids().length, 4);
      for (const pid of server.ffmpegPids())
        assert.ok(getPriority(pid) > getPriority(server.pid), 'decoding yields to answering');
    },
  );
}

test(
  'gives 200 viewers of one camera every frame from one FFmpeg and one worker, and a newcomer its first at once',
  { timeout: 60_000 },
  async (t) => {
    const cameras = await spawnCameras({ count: 1 });
    t.after(() => cameras.stop());
    const server = await service(t, DEFAULTS);
    const pace = new MachinePace(t);
    const threadsBefore = threadsOf(server.pid).length;
    const first = watch(t, server, 'cam', cameras.url(0));
    await first.more(1, 15_000);
    const others = Array.from({ length: 199 }, () =>
      watch(t, server, 'cam', cameras.url(0), { mode: 'count' }),
    );
    await until(
      '200 viewers stream',
      async () => (await server.metric('viewers', { mode: 'streaming' })) === 200,
      20_000,
    );
    await onceInThreeTimes(async () => {
      const before = others.map((viewer) => viewer.stats.frames);
      const [published, at] = [
        await server.metric('frames_published_total', { camera: 'cam' }),
        performance.now(),
      ];
      await first.more(75, 15_000);
      const seconds = (performance.now() - at) / 1000;
      const relayed = (await server.metric('frames_published_total', { camera: 'cam' })) - published;
      inBounds(relayed / seconds > 20 / pace.slowness(), `${relayed} frames in ${seconds} s`);
      const counts = others.map((viewer, i) => viewer.stats.frames - (before[i] ?? 0));
      inBounds(Math.min(...counts) >= 74, `the slowest viewer got ${Math.min(...counts)} of 75 frames`);
    });
    assert.equal(server.ffmpegPids().length, 1);
    assert.ok(threadsOf(server.pid).length <= threadsBefore + 1, 'one thread more than without a camera');
    await onceInThreeTimes(async () => {
      const late = watch(t, server, 'cam', cameras.url(0));
      await late.more(1);
      inBounds(
        (late.stats.firstFrameMs ?? Infinity) < 500,
        `first frame after ${late.stats.firstFrameMs} ms`,
      );
    });
  },
);

test(
  'leaves no FFmpeg, no thread and no descriptor behind when all viewers are gone',
  { timeout: 60_000 },
  async (t) => {
    const cameras = await spawnCameras({ count: 3 });
    t.after(() => cameras.stop());
    const server = await service(t, DEFAULTS);
    const round = async (): Promise<void> => {
      const watchers = cameras.urls.map((url, i) => watch(t, server, `cam${i}`, url));
      await Promise.all(watchers.map((watcher) => watcher.more(3, 20_000)));
      for (const watcher of watchers) watcher.close();
      await until('no FFmpeg', () => childrenOf(server.pid).length === 0, 10_000);
    };
    // The first round opens what stays open for good (an event loop's own descriptors, thread pools).
    await round();
    const threads = threadsOf(server.pid).length;
    const descriptors = fdCountOf(server.pid) ?? 0;
    await round();
    await until(`no more than ${threads} threads`, () => threadsOf(server.pid).length <= threads);
    await until(`no more than ${descriptors} descriptors`, () => (fdCountOf(server.pid) ?? 0) <= descriptors);
    await until('an ad-hoc camera is forgotten', async () => (await server.camera('cam0')) === undefined);
  },
);

test(
  'gives viewers of one camera different sizes and rates from one FFmpeg, without a gap when a size is added',
  { timeout: 60_000 },
  async (t) => {
    const cameras = await spawnCameras({ count: 1 });
    t.after(() => cameras.stop());
    const server = await service(t, DEFAULTS);
    const pace = new MachinePace(t);
    const plain = watch(t, server, 'cam', cameras.url(0));
    await plain.more(30, 20_000);
    const small = watch(t, server, 'cam', cameras.url(0), { query: { width: '320', height: '180' } });
    const sharp = watch(t, server, 'cam', cameras.url(0), { query: { quality: '90' } });
    const slow = watch(t, server, 'cam', cameras.url(0), { query: { fps: '5' } });
    await Promise.all([small.more(50, 20_000), sharp.more(50, 20_000), slow.more(10, 20_000)]);
    assert.deepEqual([...new Set(small.frames.map(({ jpeg }) => jpegSize(jpeg)))], ['320x180']);
    assert.ok(
      (sharp.frames[0]?.jpeg.length ?? 0) > 1.3 * (plain.frames[0]?.jpeg.length ?? 0),
      'quality 90 is larger',
    );
    assert.equal(server.ffmpegPids().length, 1, 'one decode for all');
    assertIncreasing(plain, 500);
    const gaps = plain.frames.slice(1).map(({ at }, i) => at - (plain.frames[i]?.at ?? at));
    assert.ok(Math.max(...gaps) < 1000 + pace.delay(100), `a gap of ${Math.max(...gaps)} ms`);
    const span = (slow.frames.at(-1)?.at ?? 0) - (slow.frames[0]?.at ?? 0);
    const rate = ((slow.frames.length - 1) / span) * 1000;
    assert.ok(rate > 3 && rate < 6.5, `fps=5 gave ${rate.toFixed(1)} a second`);
  },
);
