import assert from 'node:assert/strict';
import { availableParallelism } from 'node:os';
import { test } from 'node:test';
import { identify } from '../../bench/lib/frame-age.js';
import { childrenOf, isAlive, statOf } from '../../bench/lib/proc.js';
import { distribution } from '../../bench/lib/stats.js';
import type { Worker } from 'node:worker_threads';
import { loadConfig } from '../../src/config/settings.js';
import { poolShape } from '../../src/decoding/thread-choice.js';
import type { WorkerPool } from '../../src/decoding/worker-pool.js';
import { createLog } from '../../src/telemetry/log.js';
import { startService } from '../../src/service.js';
import { BUSY_MS } from './inject.js';
import { cameras, QUICK, service, STEADY, watch, type Watcher } from '../support/rig.js';
import { MachinePace } from '../support/machine-pace.js';
import { until } from '../support/until.js';
import { MAX_WAIT_MS } from '../../workers/ffmpeg/input-queue.js';
import type { VirtualCameras } from '../../bench/virtual-camera/index.js';

/** Faults inside the service itself: an encoder, a worker thread, the main thread. */

const INJECT = ['--import', new URL('./inject.js', import.meta.url).href];

function threadOf(pool: WorkerPool, camera: string): Worker {
  const thread = pool.threads.find(({ threadId }) => threadId === pool.threadOf(camera));
  assert.ok(thread, `${camera} has a thread`);
  return thread;
}

/** Ages of the frames that came from index `from` on, ms. */
async function ages(set: VirtualCameras, viewer: Watcher, from = 0): Promise<number[]> {
  const log = await set.sent('cam1');
  return viewer.frames
    .slice(from)
    .flatMap(({ jpeg, at }) => identify(jpeg, at, log, set.options.clipFrames)?.ageMs ?? []);
}

test(
  'one frame fails to encode: it is skipped and counted, the stream goes on',
  { timeout: 60_000 },
  async (t) => {
    const set = await cameras(t);
    const server = await service(t, { ...STEADY, ENCODE_FAIL_EVERY: '5' }, INJECT);
    const viewer = watch(t, server, 'cam1', set.url(0));
    await viewer.state('live');
    await viewer.more(40);
    const failed = await until('failures are counted', () =>
      server.metric('encode_errors_total', { camera: 'cam1' }),
    );
    assert.ok(failed >= 5, `${failed} failures`);
    assert.equal(viewer.stats.torn, 0);
    assert.equal(viewer.stats.closed, undefined);
    assert.equal(await server.metric('ffmpeg_starts_total', { camera: 'cam1' }), 1);
    assert.equal(await server.metric('reconnects_total'), 0);
  },
);

/** An encoding takes longer than the source's frame interval of 40 ms. */
const SLOW_MS = 60;

test(
  'encoder slower than source: fewer but fresh frames, drops are counted, no latency growth',
  { timeout: 90_000 },
  async (t) => {
    const set = await cameras(t);
    const server = await service(t, { ...STEADY, ENCODE_SLOW_MS: String(SLOW_MS) }, INJECT);
    const pace = new MachinePace(t);
    const viewer = watch(t, server, 'cam1', set.url(0));
    await viewer.state('live');
    await viewer.more(60, 15_000);
    const all = await ages(set, viewer, 5);
    const half = Math.floor(all.length / 2);
    const early = distribution(all.slice(0, half));
    const late = distribution(all.slice(half));
    assert.ok(early && late);
    // A unit waits up to MAX_WAIT_MS for FFmpeg; one picture more is being encoded, and one may wait for its turn.
    const bound = MAX_WAIT_MS + 3 * SLOW_MS + pace.delay(100);
    assert.ok(late.p90 < bound, `age p90 ${Math.round(late.p90)} ms`);
    assert.ok(
      late.p50 - early.p50 < 150 + pace.delay(50),
      `age p50 grew from ${Math.round(early.p50)} to ${Math.round(late.p50)} ms`,
    );
    assert.ok((await server.metric('frames_dropped_total', { camera: 'cam1', stage: 'encode' })) > 10);
  },
);

test(
  'main thread busy 500 ms: at most 2 frames in flight, then the newest',
  { timeout: 60_000 },
  async (t) => {
    const set = await cameras(t);
    const server = await service(t, STEADY, INJECT);
    const viewer = watch(t, server, 'cam1', set.url(0));
    await viewer.state('live');
    await viewer.more(30);
    const pace = new MachinePace(t);
    const before = viewer.frames.length;
    process.kill(server.pid, 'SIGUSR2');
    await until('the standstill shows', () => viewer.stats.gaps.max >= BUSY_MS * 0.8);
    await viewer.more(20);
    const recent = await ages(set, viewer, before);
    const old = recent.filter((age) => age > BUSY_MS / 2).length;
    assert.ok(old <= 4 + pace.delay(100) / 40, `${old} frames were older than half of the standstill`);
    const settled = distribution(recent.slice(-10));
    assert.ok(settled && settled.p50 < 200 + pace.delay(50), `age p50 ${settled?.p50 ?? -1} ms after it`);
    await until('drops are counted', () =>
      server.metric('frames_dropped_total', { camera: 'cam1', stage: 'hand_over' }),
    );
  },
);

test(
  'a worker thread dies: gap of at most 2 s, respawned, other cameras unaffected',
  { timeout: 60_000 },
  async (t) => {
    const set = await cameras(t, { count: 2 });
    const config = loadConfig({ ...QUICK, PORT: '0', LOG_LEVEL: 'silent', LINGER_MS: '10000' });
    const inside = await startService(config, { cameras: [], views: [], groups: [] }, createLog('silent'));
    t.after(() => inside.close());
    const server = { port: inside.port, log: () => '' };
    const pace = new MachinePace(t);
    const first = watch(t, server, 'cam1', set.url(0));
    await first.state('live');
    await first.more(5);
    const second = watch(t, server, 'cam2', set.url(1));
    await second.state('live');
    await second.more(25);
    const [victimPid = 0] = inside.pool.pidsOf('cam1');
    const [otherPid = 0] = inside.pool.pidsOf('cam2');
    second.stats.beginWindow();
    first.stats.beginWindow();
    await threadOf(inside.pool, 'cam1').terminate();
    await first.state('stale');
    await first.state('live');
    await first.more(10);
    assert.ok(
      first.stats.gaps.max <= 2000 + pace.delay(500),
      `gap of ${Math.round(first.stats.gaps.max)} ms`,
    );
    assert.equal(first.stats.closed, undefined);
    assert.deepEqual(inside.pool.pidsOf('cam2'), [otherPid], 'the other camera kept its FFmpeg');
    assert.ok(
      second.stats.gaps.max < 700 + pace.delay(100),
      `the other camera had a gap of ${Math.round(second.stats.gaps.max)} ms`,
    );
    assert.deepEqual(
      second.states.map(({ state }) => state).filter((state) => state !== 'connecting'),
      ['live'],
    );
    await until(
      'the dead worker left no FFmpeg and no zombie',
      () => !isAlive(victimPid) && !statOf(victimPid),
    );
    assert.equal(childrenOf(process.pid).filter(({ name }) => name === 'ffmpeg').length, 2);
    assert.equal((await inside.metrics.workerRestarts.get()).values[0]?.value, 1);
    const reconnects = await inside.metrics.reconnects.get();
    assert.ok(
      reconnects.values.some(({ labels }) => labels.camera === 'cam1' && labels.reason === 'worker_died'),
    );
  },
);

test(
  'a worker thread hangs in native code: its cameras come back in another one, those of others go on',
  { timeout: 90_000 },
  async (t) => {
    const { threads } = poolShape(100, availableParallelism());
    // One more than there are threads: the first thread has two.
    const count = threads + 1;
    const set = await cameras(t, { count });
    const server = await service(t, { ENCODE_HANG_AT: '150' }, INJECT);
    const pace = new MachinePace(t);
    const all: Watcher[] = [];
    for (let i = 0; i < count; i++) {
      const viewer = watch(t, server, `cam${i + 1}`, set.url(i));
      // One after another, so that it is known who shares a thread.
      await viewer.more(5, 15_000);
      all.push(viewer);
    }
    for (const viewer of all) viewer.stats.beginWindow();
    const shared = [all[0], all.at(-1)];
    const others = all.slice(1, -1);
    const comeBack = async (viewer: Watcher | undefined): Promise<void> => {
      await viewer?.state('stale', 20_000);
      await viewer?.state('live', 20_000);
      await viewer?.more(10);
    };
    await Promise.all(shared.map(comeBack));
    const gaps = others.map((viewer) => viewer.stats.gaps.max);
    // Those who shared the thread had one of over six seconds.
    assert.ok(Math.max(...gaps) < 2500 + pace.delay(100), `gaps of ${gaps.map(Math.round).join(', ')} ms`);
    assert.equal(await server.metric('worker_restarts_total'), 1);
    assert.equal(await server.metric('reconnects_total'), 2);
  },
);
