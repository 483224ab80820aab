import assert from 'node:assert/strict';
import { once } from 'node:events';
import { get, type IncomingMessage } from 'node:http';
import { after, before, test } from 'node:test';
import { WebSocket } from 'ws';
import { startService } from '../../bench/lib/service.js';
import { connectViewer, type Viewer } from '../../bench/lib/ws-viewer.js';
import {
  assertUnharmed,
  framesMore,
  HOST,
  metric,
  openDecoy,
  openedCameras,
  refusal,
  startTarget,
  wsPath,
  type Target,
} from './target.js';
import { until } from '../support/until.js';

/** One over each limit: refused with its code, counted by its reason, and nobody else notices. */

const timeout = 60_000;

/** A target with these settings for the tests of one block. */
function withTarget(
  env: Record<string, string>,
  body: (target: () => Target) => void,
  headers: Record<string, string> = {},
): void {
  let target: Target | null = null;
  const get = (): Target => target ?? assert.fail('no target');
  before(async () => (target = await startTarget(env, headers)), { timeout });
  after(() => get().close(), { timeout });
  body(get);
}

const rejected = (target: Target, reason: string): Promise<number> =>
  metric(target.service, `rtsp_ws_rejected_total{reason="${reason}"}`);

function watch(target: Target, path = target.honestPath): Viewer {
  return connectViewer({ host: HOST, port: target.service.port, path, mode: 'count' });
}

withTarget({ MAX_VIEWERS: '4', MAX_VIEWERS_PER_ADDRESS: '3', MAX_CAMERAS: '1' }, (target) => {
  test(
    'the viewer over MAX_VIEWERS_PER_ADDRESS is 4429, and a place that is left is free again',
    { timeout },
    async () => {
      const others = [watch(target()), watch(target())];
      for (const viewer of others) await framesMore(viewer, 1);
      const count = await rejected(target(), 'too_many_viewers');
      const { code, reason } = await refusal(target().service.port, target().honestPath);
      assert.deepEqual([code, reason], [4429, 'your address has all of its 3 viewers']);
      const wall = await refusal(target().service.port, '/wall');
      assert.equal(wall.code, 4429, 'a wall counts as a viewer');
      const http = await fetch(`${target().service.url}/snapshot?camera_index=honest`);
      assert.equal(http.status, 429);
      await http.body?.cancel();
      assert.equal(await rejected(target(), 'too_many_viewers'), count + 3);
      for (const viewer of others) viewer.destroy();
      await until(
        'places are free again',
        async () =>
          (await metric(target().service, 'rtsp_ws_viewers{mode="streaming"}')) +
            (await metric(target().service, 'rtsp_ws_viewers{mode="paced"}')) ===
          1,
      );
      const next = watch(target());
      await framesMore(next, 1);
      next.destroy();
      await assertUnharmed(target());
    },
  );

  test('the viewer over MAX_VIEWERS is 4429, whichever address it has', { timeout }, async () => {
    const from = (localAddress: string): WebSocket =>
      new WebSocket(`${target().service.url.replace('http', 'ws')}${target().honestPath}`, { localAddress });
    const others = ['127.0.0.2', '127.0.0.3', '127.0.0.4'].map(from);
    for (const socket of others) await new Promise((resolve) => socket.once('message', resolve));
    const { code, reason } = await new Promise<{ code: number; reason: string }>((resolve) =>
      from('127.0.0.5').once('close', (code, reason) => resolve({ code, reason: reason.toString() })),
    );
    assert.deepEqual([code, reason], [4429, 'all 4 viewer places are taken: try later']);
    for (const socket of others) socket.terminate();
    await assertUnharmed(target());
  });

  test('the camera over MAX_CAMERAS is 4503 and is not dialled', { timeout }, async (t) => {
    const decoy = await openDecoy();
    t.after(() => decoy.close());
    const path = wsPath({ camera_index: 'second', rtsp: `rtsp://127.0.0.1:${decoy.port}/x` });
    await until('there is a place for a viewer', async () => {
      const { code, reason } = await refusal(target().service.port, path);
      if (code === 4429) return false;
      assert.deepEqual([code, reason], [4503, 'all 1 cameras are in use: try later']);
      return true;
    });
    assert.ok((await rejected(target(), 'at_capacity')) >= 1);
    assert.equal(decoy.contacts.length, 0);
    assert.deepEqual(await openedCameras(target().service), ['honest']);
    await assertUnharmed(target());
  });
});

withTarget({ MAX_CONNECTIONS_PER_SECOND: '5', MAX_MESSAGES_PER_SECOND: '2' }, (target) => {
  test('more connections a second than MAX_CONNECTIONS_PER_SECOND are 4429', { timeout }, async () => {
    const all = await Promise.all(
      Array.from({ length: 20 }, () => refusal(target().service.port, '/ws?camera_index=nobody')),
    );
    const codes = all.map(({ code }) => code);
    // Those within the rate are told what else is wrong.
    assert.ok(codes.includes(4429) && codes.every((code) => code === 4429 || code === 4404), codes.join());
    assert.match(
      all.find(({ code }) => code === 4429)?.reason ?? '',
      /^more than 5 connections a second from your address$/,
    );
    assert.ok((await rejected(target(), 'too_many_connections')) >= 1);
    await assertUnharmed(target());
  });

  test(
    'refused connections count too: bad queries, bad tokens, and requests for pictures',
    { timeout },
    async () => {
      const { port, url } = target().service;
      for (const path of ['/ws?camera_index=/', '/wall?x=%zz', '/api/ws?src=']) {
        const all = await Promise.all(Array.from({ length: 12 }, () => refusal(port, path)));
        const codes = all.map(({ code }) => code);
        assert.ok(codes.filter((code) => code === 4429).length >= 5, `${path}: ${codes.join()}`);
      }
      for (const path of ['/snapshot', '/stream.mjpeg?width=1', '/api/frame.jpeg', '/api/stream.mjpeg']) {
        const statuses = await Promise.all(
          Array.from({ length: 12 }, async () => {
            const response = await fetch(`${url}${path}`);
            await response.body?.cancel();
            return response.status;
          }),
        );
        assert.ok(statuses.filter((status) => status === 429).length >= 5, `${path}: ${statuses.join()}`);
      }
      const foreign = { Origin: 'https://evil.example' };
      const pages = await Promise.all(Array.from({ length: 12 }, () => refusal(port, '/wall', foreign)));
      assert.ok(
        pages.every(({ code }) => code === 4403),
        "a stranger's page uses up nothing",
      );
      assert.equal((await fetch(`${url}/healthz`)).status, 200);
      assert.equal((await fetch(`${url}/api/cameras`)).status, 200, 'what is no viewer is not counted');
      await assertUnharmed(target());
    },
  );

  test('more messages a second than MAX_MESSAGES_PER_SECOND are 4429', { timeout }, async () => {
    const opened: WebSocket[] = [];
    await until('the rate lets a viewer in', async () => {
      const socket = new WebSocket(`${target().service.url.replace('http', 'ws')}${target().honestPath}`);
      const isOpen = await new Promise<boolean>((resolve) =>
        socket.once('message', () => resolve(true)).once('close', () => resolve(false)),
      );
      if (isOpen) opened.push(socket);
      return isOpen;
    });
    const socket = opened[0] ?? assert.fail('not open');
    const closed = new Promise<number>((resolve) => socket.once('close', resolve));
    for (let i = 0; i < 10; i++) socket.send('keep-alive');
    assert.equal(await closed, 4429);
    assert.equal(await rejected(target(), 'too_many_messages'), 1);
    await assertUnharmed(target());
  });
});

withTarget(
  { AUTH_TOKENS: 'right', MAX_FAILED_TOKENS_PER_MINUTE: '10' },
  (target) => {
    test('after MAX_FAILED_TOKENS_PER_MINUTE wrong tokens an address is 4429', { timeout }, async () => {
      const { port, url } = target().service;
      const codes: number[] = [];
      for (let i = 0; i < 15; i++) {
        const { code } = await refusal(port, `/ws?camera_index=nobody&token=wrong${i}`);
        codes.push(code);
      }
      assert.deepEqual(codes.slice(0, 10), Array(10).fill(4401));
      assert.ok(codes.includes(4429), codes.join());
      const page = await fetch(`${url}/?token=wrong`);
      await page.body?.cancel();
      assert.equal(page.status, 429);
      const from = new WebSocket(`${url.replace('http', 'ws')}/ws?camera_index=nobody&token=right`, {
        localAddress: '127.0.0.9',
      });
      const code = await new Promise<number>((resolve) => from.once('close', resolve));
      assert.equal(code, 4404, 'another address is let in');
    });
  },
  { Authorization: 'Bearer right' },
);

test('IPv4 clients of a dual-stack socket are counted one by one', { timeout }, async (t) => {
  const env = { HOST: `::ffff:${HOST}`, AUTH_TOKENS: 'right', MAX_FAILED_TOKENS_PER_MINUTE: '1' };
  const service = await startService({ env });
  t.after(() => service.stop());
  const status = async (localAddress: string, token: string): Promise<number | undefined> => {
    const asked = get(`${service.url}/api/cameras?token=${token}`, { localAddress, agent: false });
    const [response] = (await once(asked, 'response')) as [IncomingMessage];
    response.resume();
    return response.statusCode;
  };
  assert.equal(await status('127.0.0.2', 'wrong'), 401);
  assert.equal(await status('127.0.0.2', 'right'), 429);
  assert.equal(await status('127.0.0.3', 'right'), 200);
});
