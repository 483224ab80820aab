import assert from 'node:assert/strict';
import { once } from 'node:events';
import { after, before, describe, test } from 'node:test';
import { memoryOf } from '../../bench/lib/proc.js';
import {
  metric,
  openConfiguredService,
  rawGet,
  type ConfiguredService,
} from '../support/configured-service.js';
import { untilSeen } from '../support/until.js';

/** Readers of MJPEG that leave, read slowly or stop, watched in real time. */

const options = { timeout: 30_000 };
const MJPEG_VIEWERS = 'rtsp_ws_viewers{mode="mjpeg"}';
const STAMP = /X-Timestamp: ([\d.]+)\r\n/;

describe('viewers of MJPEG', { timeout: 60_000 }, () => {
  let configured: ConfiguredService;
  before(async () => {
    configured = await openConfiguredService(
      { count: 1 },
      { LINGER_MS: '300', MAX_VIEWERS: '5', VIEWER_SLOW_TIMEOUT_MS: '3000' },
    );
  }, options);
  after(() => configured.stop(), options);
  const viewers = (): Promise<number> => metric(configured.service, MJPEG_VIEWERS);

  test('a client that goes away leaves no viewer behind, nor does a refused one', options, async () => {
    // More than there are places: each must have given back its own.
    for (let i = 0; i < 8; i++) {
      const refused = await fetch(`${configured.service.url}/stream.mjpeg?camera_index=nobody`);
      assert.equal(refused.status, 404);
    }
    const sockets = [1, 2, 3].map(() =>
      rawGet(configured.service, '/stream.mjpeg?camera_index=cam1').resume(),
    );
    await Promise.all(sockets.map((socket) => once(socket, 'data')));
    await untilSeen(viewers, (count) => count === 3);
    for (const socket of sockets) socket.destroy();
    await untilSeen(viewers, (count) => count === 0);
    const idle = await untilSeen(
      async () => (await fetch(`${configured.service.url}/api/streams`)).text(),
      (text) => text === '{"cam1":{"producers":[],"consumers":[]}}',
    );
    assert.ok(idle);
  });

  test('a reader at a fifth of the speed gets a fifth of the frames, and new ones', options, async () => {
    const readRate = 100_000;
    const ages: number[] = [];
    const socket = rawGet(configured.service, '/stream.mjpeg?camera_index=cam1&quality=90');
    const began = performance.now();
    let read = 0;
    let text = '';
    // A busy machine sends its first frames late.
    const lasts = (ms: number): boolean => performance.now() - began < ms;
    while (lasts(8000) || (ages.length <= 10 && lasts(20_000))) {
      const allowed = Math.floor(((performance.now() - began) / 1000) * readRate) - read;
      const chunk = socket.read(Math.max(1, Math.min(allowed, socket.readableLength))) as Buffer | null;
      if (!chunk || allowed < 2000) await new Promise((resolve) => setTimeout(resolve, 10));
      if (!chunk) continue;
      read += chunk.length;
      text += chunk.toString('latin1');
      for (let stamp = STAMP.exec(text); stamp; stamp = STAMP.exec(text)) {
        ages.push(Date.now() - Number(stamp[1]) * 1000);
        text = text.slice(stamp.index + stamp[0].length);
      }
      text = text.slice(-40);
    }
    socket.destroy();
    assert.ok(ages.length > 10, `${ages.length} frames`);
    assert.ok((await metric(configured.service, 'rtsp_ws_frames_skipped_total')) > 50);
    // What this end's kernel and Node hold is some 300 KB, 3 s of it; the sender's 4 MB would be 8 s by now and 40 s at last.
    const newest = ages.slice(-8);
    assert.ok(Math.max(...newest) < 5500, `ages in ms: ${newest.map(Math.round).join(' ')}`);
  });

  test('readers that stop reading cost little memory and are let go', options, async () => {
    await untilSeen(viewers, (count) => count === 0);
    const memory = (): number => memoryOf(configured.service.pid)?.rssBytes ?? 0;
    const sockets = [1, 2, 3].map(() =>
      rawGet(configured.service, '/stream.mjpeg?camera_index=cam1&quality=95&width=1280&height=720'),
    );
    const slowBefore = await metric(configured.service, 'rtsp_ws_slow_viewers_total');
    for (const socket of sockets) await once(socket, 'readable');
    await untilSeen(viewers, (count) => count === 3);
    const before = memory();
    await untilSeen(viewers, (count) => count === 0, 20_000);
    assert.equal((await metric(configured.service, 'rtsp_ws_slow_viewers_total')) - slowBefore, 3);
    // 25 frames a second of some 150 KB for three seconds and more would be over 30 MB for three readers.
    assert.ok(memory() - before < 25_000_000, `${Math.round((memory() - before) / 1e6)} MB more`);
    for (const socket of sockets) socket.destroy();
  });
});
