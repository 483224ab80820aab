import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { nalUnits } from '../../src/video/annex-b.js';
import { delayProxy } from './delay-proxy.js';
import { cameras, closed, service, STEADY, watch, type Watcher } from '../support/rig.js';
import { MachinePace } from '../support/machine-pace.js';
import { until } from '../support/until.js';
import { WallViewer } from '../support/wall-viewer.js';

/** Viewers that take the camera's video as it comes, and do not or cannot take it: nobody else loses anything. */

const timeout = 60_000;
const VIDEO = { query: { codec: 'h264' } } as const;
const KEY = 5;
const SPS = 7;

const types = (unit: Uint8Array): number[] => [...nalUnits(unit)].map((nal) => (nal[0] ?? 0) & 31);
const isKey = ({ jpeg }: Watcher['frames'][number]): boolean => types(jpeg).includes(KEY);

/** Gaps in a viewer's frames, ms. */
const longestGap = (frames: Watcher['frames']): number =>
  Math.max(...frames.slice(1).map(({ at }, i) => at - (frames[i]?.at ?? at)));

test(
  'a viewer of video that stops reading is closed, and the others miss no unit',
  { timeout },
  async (t) => {
    const pace = new MachinePace(t);
    const set = await cameras(t);
    const server = await service(t, { ...STEADY, VIEWER_SLOW_TIMEOUT_MS: '4000' });
    const good = watch(t, server, 'cam1', set.url(0), VIDEO);
    const bad = watch(t, server, 'cam1', set.url(0), VIDEO);
    await Promise.all([good.more(25), bad.more(25)]);
    assert.ok(types(good.frames[0]?.jpeg ?? Buffer.alloc(0)).includes(SPS), 'parameter sets come first');
    const from = good.frames.length;
    bad.pause();
    await until('it is closed', async () => (await server.metric('slow_viewers_total')) === 1, 10_000);
    bad.resume();
    assert.equal((await closed(bad)).code, 4408);
    const seconds = (Date.now() - (good.frames[from]?.at ?? 0)) / 1000;
    const late = pace.delay(100, Date.now() - seconds * 1000);
    // What is on its way for as long as the longest gap may be is not there yet.
    assert.ok(good.frames.length - from > (seconds - late / 1000) * 24, 'all units');
    assert.ok(longestGap(good.frames.slice(from)) < 400 + late, `${longestGap(good.frames.slice(from))} ms`);
    assert.equal(good.stats.closed, undefined);
    assert.ok((await server.metric('units_skipped_total')) > 20);
  },
);

test(
  'a slow viewer of video goes on with a key unit, and is told what the camera is',
  { timeout },
  async (t) => {
    const set = await cameras(t, { bitrate: 800_000, noise: 20 });
    const server = await service(t, STEADY);
    const slow = watch(t, server, 'cam1', set.url(0), { ...VIDEO, readRate: 50_000 });
    await slow.more(20, 15_000);
    await until('units are skipped', async () => (await server.metric('units_skipped_total')) > 50, 20_000);
    const from = slow.frames.length;
    await until('it goes on', () => slow.frames.slice(from).filter(isKey).length >= 2, 20_000);
    assert.equal(slow.stats.closed, undefined, 'it is slow, not gone');
    const video = slow.states.map((event) => JSON.stringify(event)).find((text) => text.includes('"video"'));
    assert.match(video ?? '', /"form":"h264","codec":"avc1\.4d40..","width":320,"height":180/);
  },
);

test('a half-open viewer of video (no FIN) is closed', { timeout }, async (t) => {
  const set = await cameras(t);
  const server = await service(t, { ...STEADY, VIEWER_SLOW_TIMEOUT_MS: '3000' });
  const proxy = await delayProxy(t, server.port, 1);
  const viewer = watch(t, server, 'cam1', set.url(0), { ...VIDEO, via: proxy.port });
  await viewer.more(25);
  proxy.blackHole();
  await until('it is gone', async () => (await server.camera('cam1'))?.viewers !== 1, 20_000);
  assert.equal(await server.metric('viewers', { mode: 'video' }), 0);
});

test('a wall that stops drawing or reading, or is half-open, harms no other wall', { timeout }, async (t) => {
  const set = await cameras(t, { count: 4 });
  const server = await service(t, STEADY);
  const proxy = await delayProxy(t, server.port, 1);
  const pace = new MachinePace(t);
  const good = new WallViewer(t, server.port);
  const drawless = new WallViewer(t, server.port);
  const readless = new WallViewer(t, server.port);
  const halfOpen = new WallViewer(t, proxy.port);
  const walls = [good, drawless, readless, halfOpen];
  for (const wall of walls) for (let i = 0; i < 4; i++) await wall.tile(i + 1, `cam${i + 1}`, set.url(i));
  await until('all have units', () => walls.every((wall) => wall.frames.length > 100), 20_000);
  drawless.draws = false;
  readless.stopReading();
  proxy.blackHole();
  const from = good.frames.length;
  const began = Date.now();
  await until('it is closed', () => drawless.closed !== null, 25_000);
  assert.equal(drawless.closed?.code, 4408);
  assert.ok(
    drawless.told.some((told) => told.startsWith('jpeg slow')),
    drawless.told.join(', '),
  );
  await sleep(500);
  const seen = good.frames.slice(from);
  for (let handle = 1; handle <= 4; handle++) {
    const own = seen.filter((frame) => frame.handle === handle);
    const missing = (own.at(-1)?.sequence ?? 0) - (own[0]?.sequence ?? 0) + 1 - own.length;
    // This process has to draw for it as well, and is late itself on a busy machine.
    assert.ok(missing <= (25 * pace.delay(100, began)) / 1000, `${missing} units are missing`);
  }
  assert.equal(good.torn, 0);
  assert.ok(good.told.every((told) => told === 'h264'));
  await until('all three are forgotten', async () => (await server.metric('wall_tiles')) === 4, 20_000);
});

test(
  'a camera that stops, and comes back, is stale and live again with video alone',
  { timeout },
  async (t) => {
    const set = await cameras(t);
    const server = await service(t, { OPEN_TIMEOUT_MS: STEADY.OPEN_TIMEOUT_MS });
    const wall = new WallViewer(t, server.port);
    await wall.tile(1, 'cam1', set.url(0));
    await until('live', () => wall.state() === 'live', 15_000);
    await set.fault('cam1', 'stall:0');
    await until('stale', () => wall.state() === 'stale');
    await set.fault('cam1', null);
    await until('live again', () => wall.state() === 'live', 15_000);
    const { length } = wall.frames;
    await until('units again', () => wall.frames.length > length + 20);
    assert.equal(wall.torn, 0);
    assert.deepEqual(wall.told, ['h264']);
  },
);

test('a camera that repeats its picture is frozen, with video alone', { timeout }, async (t) => {
  const set = await cameras(t, { fault: 'freeze' });
  const server = await service(t, { FROZEN_AFTER_MS: '6000' });
  const wall = new WallViewer(t, server.port);
  await wall.tile(1, 'cam1', set.url(0));
  await until('live', () => wall.state() === 'live', 15_000);
  await until('frozen', () => wall.state() === 'frozen', 25_000);
  assert.ok((await server.metric('frames_decoded_total')) <= 6);
  assert.equal(wall.torn, 0);
});
