import assert from 'node:assert/strict';
import { test } from 'node:test';
import { childrenOf, fdCountOf, isAlive, memoryOf, statOf } from '../../bench/lib/proc.js';
import { connectViewer } from '../../bench/lib/ws-viewer.js';
import { cameras, closed, service, watch } from '../support/rig.js';
import { until } from '../support/until.js';

/** Many viewers, too many viewers, and the end of the service. */

test(
  '1,000 connect/disconnect cycles, 50 at a time: fds, threads, FFmpeg and memory back to the start',
  { timeout: 90_000 },
  async (t) => {
    const set = await cameras(t, { count: 3 });
    const server = await service(t, { LINGER_MS: '500' });
    const usage = (): { fds: number; threads: number; ffmpegs: number } => ({
      fds: fdCountOf(server.pid) ?? -1,
      threads: statOf(server.pid)?.threads ?? -1,
      ffmpegs: server.ffmpegPids().length,
    });
    let failures = 0;
    const cycle = async (i: number): Promise<void> => {
      const viewer = connectViewer({
        host: '127.0.0.1',
        port: server.port,
        path: `/ws?camera_index=cam${(i % 3) + 1}&rtsp=${encodeURIComponent(set.url(i % 3))}`,
        mode: 'count',
      });
      await until('a frame, or its end', () => viewer.stats.frames > 0 || viewer.stats.closed, 15_000);
      if (viewer.stats.frames === 0) failures++;
      // Half of them say goodbye, half just go.
      if (i % 2 === 0) viewer.close();
      else viewer.destroy();
      await viewer.ended;
    };
    const cycles = async (count: number): Promise<void> => {
      for (let done = 0; done < count; done += 50)
        await Promise.all(Array.from({ length: 50 }, (_, i) => cycle(done + i)));
      await until('nothing runs any more', () => server.ffmpegPids().length === 0, 10_000);
    };
    // The first ones warm up: code is compiled, pools and heaps find their size.
    await cycles(200);
    const before = usage();
    const rss = memoryOf(server.pid)?.rssBytes ?? 0;
    await cycles(1000);
    assert.equal(failures, 0, 'every viewer got a frame');
    await until('descriptors are back', () => usage().fds <= before.fds + 2);
    assert.ok(usage().threads <= before.threads, `${usage().threads} threads, ${before.threads} before`);
    assert.equal(usage().ffmpegs, 0);
    assert.equal(await server.metric('viewers'), 0);
    const grown = ((memoryOf(server.pid)?.rssBytes ?? 0) - rss) / 1e6;
    t.diagnostic(`resident memory grew by ${grown.toFixed(1)} MB`);
    assert.ok(grown < 40, `resident memory grew by ${grown.toFixed(0)} MB`);
  },
);

test(
  'one over the limit of cameras and of viewers: 4503 and 4429, the others unaffected',
  { timeout: 30_000 },
  async (t) => {
    const set = await cameras(t, { count: 3 });
    const server = await service(t, { MAX_CAMERAS: '2', MAX_VIEWERS: '4' });
    const first = watch(t, server, 'cam1', set.url(0));
    const second = watch(t, server, 'cam2', set.url(1));
    await Promise.all([first.state('live'), second.state('live')]);
    const tooMany = await closed(watch(t, server, 'cam3', set.url(2)));
    assert.equal(tooMany.code, 4503, tooMany.reason);
    assert.match(tooMany.reason, /2 cameras/);
    watch(t, server, 'cam1', set.url(0));
    watch(t, server, 'cam1', set.url(0));
    await until('four viewers', async () => (await server.metric('viewers')) === 4);
    const oneMore = await closed(watch(t, server, 'cam1', set.url(0)));
    assert.equal(oneMore.code, 4429, oneMore.reason);
    assert.equal(await server.metric('rejected_total', { reason: 'at_capacity' }), 1);
    assert.equal(await server.metric('rejected_total', { reason: 'too_many_viewers' }), 1);
    await Promise.all([first.more(10), second.more(10)]);
    assert.ok(first.stats.gaps.max < 1000 && second.stats.gaps.max < 1000);
  },
);

test(
  'SIGTERM to the server: viewers get 1001, it exits within 5 s, no FFmpeg is left',
  { timeout: 30_000 },
  async (t) => {
    const set = await cameras(t, { count: 3 });
    const server = await service(t);
    const viewers = [0, 1].map((i) => watch(t, server, `cam${i + 1}`, set.url(i)));
    await Promise.all(viewers.map((viewer) => viewer.state('live')));
    // One camera hangs while it is opened.
    await set.fault('cam3', 'silent');
    viewers.push(watch(t, server, 'cam3', set.url(2)));
    await until(
      'two decode, and one hangs',
      async () => server.ffmpegPids().length === 2 && (await server.camera('cam3'))?.state === 'connecting',
    );
    const pids = server.ffmpegPids();
    const exit = await server.stop();
    assert.deepEqual([exit.code, exit.killed], [0, false]);
    assert.ok(exit.stopMs < 5000, `took ${Math.round(exit.stopMs)} ms`);
    assert.deepEqual(pids.filter(isAlive), []);
    for (const viewer of viewers) assert.equal((await closed(viewer)).code, 1001);
  },
);

test(
  'SIGKILL to the server: no FFmpeg is left within 10 s, also of a stalled camera',
  { timeout: 30_000 },
  async (t) => {
    const set = await cameras(t, { count: 3 });
    const server = await service(t, { STALL_TIMEOUT_MS: '5000', OPEN_TIMEOUT_MS: '8000' });
    const viewers = [0, 1].map((i) => watch(t, server, `cam${i + 1}`, set.url(i)));
    await Promise.all(viewers.map((viewer) => viewer.state('live')));
    await set.fault('cam3', 'silent');
    watch(t, server, 'cam3', set.url(2));
    await until(
      'two decode, and one hangs',
      async () => server.ffmpegPids().length === 2 && (await server.camera('cam3'))?.state === 'connecting',
    );
    await set.fault('cam2', 'stall:0');
    const pids = childrenOf(server.pid).map(({ pid }) => pid);
    process.kill(server.pid, 'SIGKILL');
    await server.exited;
    await until('every FFmpeg is gone', () => pids.every((pid) => !isAlive(pid)), 10_000);
    for (const viewer of viewers) assert.equal((await closed(viewer)).code, 1006);
  },
);
