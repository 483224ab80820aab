import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { WebSocket } from 'ws';
import { cameras, type Service, service, STEADY, watch } from '../support/rig.js';
import { until } from '../support/until.js';

/** Frames of more than a megabyte, at which uWebSockets.js drops what is sent to a socket of `/ws`. */

const timeout = 60_000;
/** Noise does not compress: some 2.5 MB a frame. */
const LARGE = { width: 1280, height: 720, quality: 100 } as const;
/** The kernel's buffer of a reader that has not read yet is small, so almost all of a frame waits in the service. */
const STALLED_MS = 300;

describe('frames of more than a megabyte', { timeout: 150_000 }, () => {
  const undo: (() => unknown)[] = [];
  const scope = { after: (end: () => unknown): unknown => undo.push(end) };
  let server: Service;
  let url: string;

  before(async () => {
    const { width, height } = LARGE;
    const clip = { fps: 5, gop: 5, clipFrames: 10, noise: 100, bitrate: 30_000_000 };
    const set = await cameras(scope, { width, height, ...clip });
    url = set.urls[0] ?? '';
    server = await service(scope, STEADY);
  });
  after(async () => {
    for (const end of undo.splice(0).reverse()) await end();
  });

  test('reach a viewer one after the other, though it did not read for a moment', { timeout }, async (t) => {
    const query = Object.fromEntries(Object.entries(LARGE).map(([name, value]) => [name, String(value)]));
    const viewer = watch(t, server, 'large', url, { query });
    await viewer.opened;
    viewer.pause();
    await until('the camera is live', async () => (await server.camera('large'))?.state === 'live');
    await sleep(STALLED_MS);
    viewer.resume();
    await viewer.more(3);
    assert.ok((viewer.frames[0]?.jpeg.byteLength ?? 0) > 1 << 20, 'the frames are large');
  });

  test('do not cost a wall what is said behind them', { timeout }, async (t) => {
    const wall = new WebSocket(`ws://127.0.0.1:${server.port}/wall`);
    t.after(() => {
      wall.terminate();
    });
    const types: unknown[] = [];
    let largest = 0;
    wall.on('message', (data: Buffer, isBinary) => {
      if (isBinary) largest = Math.max(largest, data.byteLength);
      else types.push((JSON.parse(data.toString()) as { type: unknown }).type);
    });
    await until('the wall is open', () => types.includes('hello'));
    wall.pause();
    wall.send(JSON.stringify({ type: 'subscribe', handle: 1, camera: 'large', rtsp: url, ...LARGE }));
    await until('the camera is live', async () => (await server.camera('large'))?.state === 'live');
    await sleep(STALLED_MS);
    wall.send(JSON.stringify({ type: 'ping', sent: 1 }));
    await sleep(STALLED_MS);
    wall.resume();
    await until('the ping is answered', () => types.includes('pong'));
    assert.ok(largest > 1 << 20, 'the frames are large');
  });
});
