import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { identify } from '../../bench/lib/frame-age.js';
import { fdCountOf, memoryOf } from '../../bench/lib/proc.js';
import { distribution } from '../../bench/lib/stats.js';
import { connectViewer, type Viewer } from '../../bench/lib/ws-viewer.js';
import type { VirtualCameras } from '../../bench/virtual-camera/index.js';
import { delayProxy } from './delay-proxy.js';
import {
  cameras,
  closed,
  type Scope,
  type Service,
  service,
  STEADY,
  watch,
  type Watcher,
} from '../support/rig.js';
import { MachinePace } from '../support/machine-pace.js';
import { inBounds, onceInThreeTimes } from '../support/three-times.js';
import { until } from '../support/until.js';

/** A viewer that cannot or does not take what it is sent harms nobody, and sees few but fresh frames. */

/** 640x360 at the default quality: some 13 KB a frame. The loop must be longer than any frame is old. */
const CLIP = { width: 640, height: 360, gop: 25, clipFrames: 1000 } as const;

interface Aged {
  readonly absolute: number;
  readonly ageMs: number;
  readonly at: number;
}

async function aged(set: VirtualCameras, viewer: Pick<Watcher, 'frames'>, from = 0): Promise<Aged[]> {
  const log = await set.sent('cam1');
  return viewer.frames.slice(from).flatMap(({ jpeg, at }) => {
    const found = identify(jpeg, at, log, set.options.clipFrames);
    return found ? [{ ...found, at }] : [];
  });
}

/** A viewer that keeps fingerprints instead of frames. */
function fingerprints(scope: Scope, server: Service, rtsp: string): { viewer: Viewer; seen: string[] } {
  const seen: string[] = [];
  const viewer = connectViewer({
    host: '127.0.0.1',
    port: server.port,
    path: `/ws?camera_index=cam1&rtsp=${encodeURIComponent(rtsp)}`,
    mode: 'keep',
    onFrame: (jpeg) => seen.push(createHash('md5').update(jpeg).digest('base64')),
  });
  scope.after(() => viewer.destroy());
  return { viewer, seen };
}

/**
 * Bytes that the kernel holds for each connection to this port, the most first: not yet acknowledged by the other side, and, since
 * both sides are on this machine, not yet read by it. (/proc/net/tcp, columns tx_queue and rx_queue.)
 */
function bytesInKernel(port: number): number[] {
  const isPort = (address = ''): boolean => Number.parseInt(address.split(':')[1] ?? '', 16) === port;
  const perConnection = new Map<string, number>();
  for (const table of ['tcp', 'tcp6'])
    for (const line of readFileSync(`/proc/net/${table}`, 'utf8').split('\n').slice(1)) {
      const [, local, remote, , queues = ''] = line.trim().split(/\s+/);
      const peer = isPort(local) ? remote : isPort(remote) ? local : undefined;
      if (peer === undefined) continue;
      const [unsent = 0, unread = 0] = queues.split(':').map((hex) => Number.parseInt(hex, 16));
      perConnection.set(peer, (perConnection.get(peer) ?? 0) + unsent + unread);
    }
  return [...perConnection.values()].sort((x, y) => y - x);
}

/** Resident memory of the service when its garbage is collected. */
async function settledRss(server: Service): Promise<number> {
  for (let i = 0; i < 3; i++) {
    process.kill(server.pid, 'SIGUSR2');
    // The answer comes after the collection: both happen in the service's main thread.
    await server.metric('viewers');
  }
  return memoryOf(server.pid)?.rssBytes ?? 0;
}

/** Lets the test collect the service's garbage. */
const COLLECTS = ['--expose-gc', `--import=${new URL('./collect.js', import.meta.url).href}`];

test(
  '10 viewers stop reading beside 20 that read: those lose nothing, each costs less than 10 MB and is closed',
  { timeout: 60_000 },
  async (t) => {
    const pace = new MachinePace(t);
    const set = await cameras(t, CLIP);
    const server = await service(t, { ...STEADY, VIEWER_SLOW_TIMEOUT_MS: '8000' }, COLLECTS);
    const good = Array.from({ length: 20 }, () => fingerprints(t, server, set.url(0)));
    const stopped = Array.from({ length: 10 }, () => watch(t, server, 'cam1', set.url(0)));
    await until(
      'all stream',
      async () => (await server.metric('viewers', { mode: 'streaming' })) === 30,
      15_000,
    );
    await Promise.all(stopped.map((viewer) => viewer.more(25)));
    const mark = { seen: good.map(({ seen }) => seen.length), rss: await settledRss(server) };

    for (const viewer of stopped) viewer.pause();
    const stoppedAt = Date.now();
    await until('all are paced', async () => (await server.metric('viewers', { mode: 'paced' })) >= 10, 3000);
    const pacedAfter = Date.now() - stoppedAt;
    assert.ok(pacedAfter < 2000 + pace.delay(200, stoppedAt), `paced after ${pacedAfter} ms`);
    await until('frames are skipped', async () => (await server.metric('frames_skipped_total')) > 500);
    const grown = ((await settledRss(server)) - mark.rss) / stopped.length;
    const queues = bytesInKernel(server.port);
    const queued = queues[0] ?? 0;
    t.diagnostic(
      `each: ${(grown / 1e6).toFixed(2)} MB of the process, at most ${(queued / 1e6).toFixed(2)} MB in the kernel`,
    );
    assert.ok(
      queues.filter((bytes) => bytes > 10_000).length >= 10,
      `their queues are found: ${queues.join()}`,
    );
    assert.ok(grown + queued < 5e6, `${((grown + queued) / 1e6).toFixed(1)} MB for each`);

    await until('they are closed', async () => (await server.metric('slow_viewers_total')) === 10, 12_000);
    const closedAfter = Date.now() - stoppedAt;
    assert.ok(
      closedAfter >= 7900 && closedAfter < 12_000 + pace.delay(500, stoppedAt),
      `closed after ${closedAfter} ms`,
    );
    for (const viewer of stopped) viewer.resume();
    for (const viewer of stopped) assert.equal((await closed(viewer)).code, 4408);

    await until('a whole second more for all', () =>
      good.every(({ seen }, i) => seen.length > (mark.seen[i] ?? 0) + 100),
    );
    const shortest = Math.min(...good.map(({ seen }, i) => seen.length - (mark.seen[i] ?? 0)));
    const first = good[0]?.seen.slice(mark.seen[0]) ?? [];
    for (const { seen, viewer } of good) {
      // They differ by at most a frame in where the mark fell.
      const offset = seen.indexOf(first[2] ?? '', 0);
      assert.deepEqual(seen.slice(offset, offset + shortest - 5), first.slice(2, shortest - 3));
      assert.equal(viewer.stats.closed, undefined);
    }
  },
);

test(
  'a viewer that reads again first gets what its connection still held, and all that is sent then is fresh',
  { timeout: 60_000 },
  async (t) => {
    const set = await cameras(t, CLIP);
    const pace = new MachinePace(t);
    const server = await service(t, STEADY);
    const viewer = watch(t, server, 'cam1', set.url(0));
    const streams = async (): Promise<boolean> =>
      (await server.metric('viewers', { mode: 'streaming' })) === 1;
    await until('it streams', streams, 15_000);
    await viewer.more(25);
    viewer.pause();
    const stoppedAt = Date.now();
    await until('frames are skipped', async () => (await server.metric('frames_skipped_total')) > 50);
    const before = viewer.frames.length;
    const resumedAt = Date.now();
    viewer.resume();
    await until('it streams again', streams, 10_000);
    await viewer.more(25);

    const log = new Map(await set.sent('cam1'));
    const back = (await aged(set, viewer, before)).map((frame) => ({
      ...frame,
      capturedAt: log.get(frame.absolute) ?? 0,
    }));
    // What lay in the connection when it stopped cannot be recalled. It ends where the viewer was taken out of the topic.
    const held = back.filter(({ capturedAt }) => capturedAt < resumedAt - 1000);
    const sent = back.filter(({ capturedAt }) => capturedAt >= resumedAt - 1000);
    const lastHeld = Math.max(0, ...held.map(({ capturedAt }) => capturedAt - stoppedAt));
    const oldest = Math.max(...sent.map(({ ageMs }) => ageMs));
    t.diagnostic(
      `${held.length} frames lay in the connection, the last taken ${Math.round(lastHeld)} ms after it stopped; ` +
        `the oldest sent after it read again was ${Math.round(oldest)} ms old`,
    );
    assert.ok(held.length < 20, `${held.length} frames older than 1 s`);
    assert.ok(
      lastHeld < 1000 + pace.delay(100, stoppedAt),
      `still sent to ${Math.round(lastHeld)} ms after it stopped`,
    );
    assert.ok(sent.length >= 25);
    assert.ok(
      oldest < 1000 + pace.delay(100, resumedAt),
      `the first frame sent anew was ${Math.round(oldest)} ms old`,
    );
    const order = back.map(({ absolute }) => absolute);
    assert.deepEqual(
      order,
      [...order].sort((x, y) => x - y),
      'no frame comes after a newer one',
    );
  },
);

test(
  'viewer on a slow link (300 kbit/s): fewer, fresh frames in paced mode',
  { timeout: 40_000 },
  async (t) => {
    const set = await cameras(t, CLIP);
    const pace = new MachinePace(t);
    const server = await service(t, STEADY);
    const rate = 300_000 / 8;
    const viewer = watch(t, server, 'cam1', set.url(0), { readRate: rate });
    await viewer.more(20, 25_000);
    const seen = await aged(set, viewer, 2);
    const age = distribution(seen.map(({ ageMs }) => ageMs));
    const frameBytes = viewer.frames.reduce((sum, { jpeg }) => sum + jpeg.length, 0) / viewer.frames.length;
    const limit = 1.5 * ((frameBytes / rate) * 1000) + 100 + pace.delay(100);
    assert.ok(
      age && age.p90 < limit,
      `age p90 ${age?.p90.toFixed(0) ?? '?'} ms, limit ${limit.toFixed(0)} ms`,
    );
    assert.equal(await server.metric('viewers', { mode: 'paced' }), 1);
    assert.ok((await server.metric('viewer_lag_seconds_count')) > 10);
    assert.ok((await server.metric('frames_skipped_total')) > 50);
    assert.equal(viewer.stats.closed, undefined);
  },
);

test(
  'viewer at 80 % of the needed rate: >= 75 % of the frames, age p90 < 600 ms',
  { timeout: 60_000 },
  async (t) => {
    const set = await cameras(t, CLIP);
    const server = await service(t, STEADY);
    const reference = watch(t, server, 'cam1', set.url(0));
    await reference.state('live');
    await reference.more(75);
    const seconds = 3;
    const bytes = reference.frames.slice(-75).reduce((sum, { jpeg }) => sum + jpeg.length, 0);
    const viewer = watch(t, server, 'cam1', set.url(0), { readRate: (bytes / seconds) * 0.8 });
    await viewer.more(10);
    await onceInThreeTimes(async () => {
      const from = { slow: viewer.frames.length, good: reference.frames.length };
      await viewer.more(150, 25_000);
      const share = (viewer.frames.length - from.slow) / (reference.frames.length - from.good);
      const age = distribution((await aged(set, viewer, from.slow)).map(({ ageMs }) => ageMs));
      const seen = `age p50 ${age?.p50.toFixed(0)} p90 ${age?.p90.toFixed(0)} ms, ${(share * 100).toFixed(0)} % of the frames`;
      t.diagnostic(seen);
      inBounds(age !== null && age.p90 < 600 && share >= 0.75, seen);
    });
    assert.ok((await server.metric('viewer_mode_changes_total')) >= 1, 'it changes mode');
  },
);

test('fast viewer far away (150 ms round trip): streaming, full rate', { timeout: 30_000 }, async (t) => {
  const set = await cameras(t, CLIP);
  const server = await service(t, STEADY);
  const near = watch(t, server, 'cam1', set.url(0));
  await near.state('live');
  const proxy = await delayProxy(t, server.port, 75);
  const far = watch(t, server, 'cam1', set.url(0), { via: proxy.port });
  await until(
    'both stream',
    async () => (await server.metric('viewers', { mode: 'streaming' })) === 2,
    15_000,
  );
  const first = far.frames.length;
  await onceInThreeTimes(async () => {
    const from = { near: near.frames.length, far: far.frames.length };
    await far.more(100, 10_000);
    const share = (far.frames.length - from.far) / (near.frames.length - from.near);
    inBounds(share > 0.93, `${(share * 100).toFixed(0)} % of the rate`);
  });
  assert.equal(await server.metric('viewers', { mode: 'streaming' }), 2, 'it stays in streaming mode');
  const age = distribution((await aged(set, far, first)).map(({ ageMs }) => ageMs));
  assert.ok(age && age.p50 > 60, 'the way there does take its time');
});

test('half-open viewer (no FIN): closed, and its socket given back', { timeout: 60_000 }, async (t) => {
  const set = await cameras(t);
  const server = await service(t, { ...STEADY, VIEWER_SLOW_TIMEOUT_MS: '2000', LINGER_MS: '60000' });
  const witness = watch(t, server, 'cam1', set.url(0));
  await witness.state('live');
  await witness.more(5);
  const before = fdCountOf(server.pid) ?? 0;
  const proxy = await delayProxy(t, server.port, 1);
  const viewer = watch(t, server, 'cam1', set.url(0), { via: proxy.port });
  await viewer.more(10);
  proxy.blackHole();
  await until('it is closed', async () => (await server.metric('slow_viewers_total')) === 1, 10_000);
  assert.equal((await server.camera('cam1'))?.viewers, 1);
  await until('its socket is given back', () => (fdCountOf(server.pid) ?? 0) <= before, 40_000);
  assert.equal(witness.stats.closed, undefined);
});

test(
  '50 slow viewers of a camera: its fast viewers keep >= 99 % of their frames',
  { timeout: 60_000 },
  async (t) => {
    const set = await cameras(t, CLIP);
    const server = await service(t, STEADY);
    const fast = Array.from({ length: 5 }, () => fingerprints(t, server, set.url(0)));
    await until(
      'they stream',
      async () => (await server.metric('viewers', { mode: 'streaming' })) === 5,
      15_000,
    );
    const slow = Array.from({ length: 50 }, (_, i) => {
      const viewer = connectViewer({
        host: '127.0.0.1',
        port: server.port,
        path: `/ws?camera_index=cam1&rtsp=${encodeURIComponent(set.url(0))}`,
        mode: 'count',
        readRate: 30_000 + i * 2000,
      });
      t.after(() => viewer.destroy());
      return viewer;
    });
    await until('each slow viewer has a frame', () => slow.every(({ stats }) => stats.frames > 0), 15_000);
    const published = (): Promise<number> => server.metric('frames_published_total', { camera: 'cam1' });
    await onceInThreeTimes(async () => {
      const from = { frames: fast.map(({ seen }) => seen.length), published: await published() };
      await until('200 frames', async () => (await published()) >= from.published + 200, 20_000);
      const to = { published: await published(), frames: fast.map(({ seen }) => seen.length) };
      to.frames.forEach((frames, i) => {
        const share = (frames - (from.frames[i] ?? 0)) / (to.published - from.published);
        inBounds(share >= 0.99, `fast viewer ${i} got ${(share * 100).toFixed(1)} %`);
      });
    });
    assert.ok((await server.metric('viewers', { mode: 'paced' })) >= 40);
    assert.equal(slow.filter(({ stats }) => stats.closed !== undefined).length, 0);
  },
);
