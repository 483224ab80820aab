import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer, type AddressInfo } from 'node:net';
import { test, type TestContext } from 'node:test';
import { WebSocketServer, type WebSocket } from 'ws';
import { childrenOf } from '../../bench/lib/proc.js';
import { runViewers } from '../../bench/lib/run-viewers.js';
import { HandshakeError } from '../../bench/lib/ws-handshake.js';
import { connectViewer, type Viewer, type ViewerOptions } from '../../bench/lib/ws-viewer.js';

function jpegOf(bytes: number): Buffer {
  const jpeg = Buffer.alloc(bytes, 7);
  jpeg.set([0xff, 0xd8], 0);
  jpeg.set([0xff, 0xd9], bytes - 2);
  return jpeg;
}

async function listen(t: TestContext, onClient: (client: WebSocket, path: string) => void): Promise<number> {
  const server = new WebSocketServer({ port: 0, host: '127.0.0.1', perMessageDeflate: false });
  t.after(() => {
    for (const client of server.clients) client.terminate();
    server.close();
  });
  server.on('connection', (client, request) => {
    client.on('error', () => undefined);
    onClient(client, request.url ?? '');
  });
  await once(server, 'listening');
  return (server.address() as AddressInfo).port;
}

function view(t: TestContext, port: number, more: Partial<ViewerOptions> = {}): Viewer {
  const viewer = connectViewer({
    host: '127.0.0.1',
    port,
    path: '/ws?camera_index=a',
    mode: 'count',
    ...more,
  });
  t.after(() => viewer.destroy());
  return viewer;
}

/** Resolves when `count` frames have come, with all of them. */
function frames(t: TestContext, port: number, count: number): Promise<Buffer[]> {
  const seen: Buffer[] = [];
  return new Promise((resolve) => {
    view(t, port, {
      mode: 'keep',
      onFrame: (jpeg, at) => {
        assert.ok(Math.abs(at - Date.now()) < 60_000);
        if (seen.push(jpeg) === count) resolve(seen);
      },
    });
  });
}

test('kept frames are byte for byte what the server sent, of any size', { timeout: 30_000 }, async (t) => {
  const sent = [4, 125, 126, 20_000, 65_535, 65_536, 300_000].map(jpegOf);
  const port = await listen(t, (client) => {
    for (const jpeg of sent) client.send(jpeg);
  });
  assert.deepEqual(await frames(t, port, sent.length), sent);
});

test(
  'counting gives frames, bytes, torn messages, gaps and the close code with its reason',
  { timeout: 30_000 },
  async (t) => {
    const port = await listen(t, (client) => {
      client.send(jpegOf(1000));
      client.send(jpegOf(3000));
      client.send(jpegOf(500).subarray(0, 400));
      client.close(4408, 'viewer too slow');
    });
    const viewer = view(t, port);
    await viewer.opened;
    assert.deepEqual(await viewer.ended, { code: 4408, reason: 'viewer too slow' });
    const { stats } = viewer;
    assert.deepEqual([stats.frames, stats.bytes, stats.torn, stats.gaps.count], [3, 4400, 1, 2]);
    assert.ok(stats.firstFrameMs !== undefined && stats.firstFrameMs >= 0);
    assert.equal(stats.closed?.code, 4408);
  },
);

test('pings are answered with their own payload, in order', { timeout: 30_000 }, async (t) => {
  const pongs: string[] = [];
  const done = new Promise<void>((resolve) => {
    void listen(t, (client) => {
      client.on('pong', (payload) => {
        if (pongs.push(payload.toString()) === 3) resolve();
      });
      for (const payload of ['one', '', 'x'.repeat(125)]) {
        client.send(jpegOf(40_000));
        client.ping(payload);
      }
    }).then((port) => view(t, port));
  });
  await done;
  assert.deepEqual(pongs, ['one', '', 'x'.repeat(125)]);
});

test('a muted viewer reads on but answers no ping', { timeout: 30_000 }, async (t) => {
  let peer: WebSocket | undefined;
  const fromViewer: string[] = [];
  let onPeerClosed: (code: number) => void = () => undefined;
  const peerClosed = new Promise<number>((resolve) => (onPeerClosed = resolve));
  const port = await listen(t, (client) => {
    peer = client;
    client.on('pong', () => fromViewer.push('pong'));
    client.on('close', (code) => onPeerClosed(code));
  });
  let onText: (text: string) => void = () => undefined;
  const text = new Promise<string>((resolve) => (onText = resolve));
  const viewer = view(t, port, { onText: (message) => onText(message) });
  await viewer.opened;
  viewer.mute();
  peer?.ping('anyone?');
  peer?.send('after the ping');
  assert.equal(await text, 'after the ping');
  assert.deepEqual([viewer.stats.pings, viewer.stats.texts], [1, 1]);
  // A pong would have come before this close.
  viewer.close(4999);
  assert.equal(await peerClosed, 4999);
  assert.deepEqual(fromViewer, []);
});

test(
  'a server that dies without a close frame is 1006, and leaving says 1000',
  { timeout: 30_000 },
  async (t) => {
    const codes: Promise<number>[] = [];
    const port = await listen(t, (client, path) => {
      if (path === '/dies') client.terminate();
      else codes.push(once(client, 'close').then(([code]) => code as number));
    });
    assert.equal((await view(t, port, { path: '/dies' }).ended).code, 1006);
    const leaving = view(t, port);
    await leaving.opened;
    leaving.close();
    await leaving.ended;
    assert.deepEqual(await Promise.all(codes), [1000]);
  },
);

/** Sends for as long as the kernel takes it, and tells how much it took. */
function flood(client: WebSocket, jpeg: Buffer, taken: { frames: number }): void {
  const next = (): void => {
    client.send(jpeg, (error) => {
      if (error instanceof Error) return;
      taken.frames += 1;
      setImmediate(next);
    });
  };
  next();
}

test(
  'a paused viewer reads nothing, so the server comes to a stand, until it resumes',
  { timeout: 30_000 },
  async (t) => {
    const taken = { frames: 0 };
    const port = await listen(t, (client) => flood(client, jpegOf(100_000), taken));
    const viewer = view(t, port);
    await viewer.opened;
    viewer.pause();
    const read = viewer.stats.frames;
    let before = -1;
    while (taken.frames !== before) {
      before = taken.frames;
      await new Promise((resolve) => setTimeout(resolve, 400));
    }
    assert.equal(viewer.stats.frames, read);
    viewer.resume();
    while (taken.frames < before + 100) await new Promise((resolve) => setTimeout(resolve, 20));
    assert.ok(viewer.stats.frames > read);
  },
);

test(
  'a rate-limited viewer reads about its rate from a server that sends all it can',
  { timeout: 30_000 },
  async (t) => {
    const port = await listen(t, (client) => flood(client, jpegOf(5000), { frames: 0 }));
    const viewer = view(t, port, { readRate: 200_000 });
    await viewer.opened;
    const began = performance.now();
    while (viewer.stats.bytes < 400_000) await new Promise((resolve) => setTimeout(resolve, 10));
    const rate = viewer.stats.bytes / ((performance.now() - began) / 1000);
    // A busy machine makes it slower; nothing may make it faster.
    assert.ok(rate < 240_000 && rate > 20_000, `${rate} bytes/s`);
  },
);

test(
  'a refused upgrade rejects with the HTTP status, a dead port with the error of the socket',
  { timeout: 30_000 },
  async (t) => {
    const server = createServer((socket) => socket.resume().end('HTTP/1.1 429 Too Many Requests\r\n\r\n'));
    t.after(() => server.close());
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    const { port } = server.address() as AddressInfo;
    await assert.rejects(
      view(t, port).opened,
      (error) => error instanceof HandshakeError && error.status === 429,
    );
    server.close();
    await once(server, 'close');
    await assert.rejects(view(t, port).opened, { code: 'ECONNREFUSED' });
  },
);

test('a silent server ends the attempt after the open timeout', { timeout: 30_000 }, async (t) => {
  const server = createServer();
  t.after(() => server.close());
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  const viewer = view(t, port, { openTimeoutMs: 100 });
  await assert.rejects(viewer.opened, /no handshake within 100 ms/);
  assert.equal((await viewer.ended).code, 1006);
});

test('load processes measure every viewer and share the paths evenly', { timeout: 60_000 }, async (t) => {
  const paths: string[] = [];
  const port = await listen(t, (client, path) => {
    paths.push(path);
    if (path === '/refused') {
      client.close(4503, 'full');
      return;
    }
    const timer = setInterval(() => client.send(jpegOf(2000)), 20);
    client.on('close', () => clearInterval(timer));
  });
  const windows: string[] = [];
  const summary = await runViewers({
    port,
    paths: ['/a', '/b', '/refused'],
    viewers: 9,
    processes: 2,
    durationMs: 1000,
    settleMs: 0,
    onWindowStart: () => windows.push(`start with ${paths.length}`),
    onWindowEnd: () => windows.push('end'),
  });
  assert.deepEqual(windows, ['start with 9', 'end']);
  assert.deepEqual(paths.sort(), ['/a', '/a', '/a', '/b', '/b', '/b', '/refused', '/refused', '/refused']);
  assert.deepEqual([summary.viewers, summary.withoutFrame, summary.torn], [9, 3, 0]);
  assert.deepEqual([summary.closed, summary.closeReasons], [{ 4503: 3 }, { 4503: 'full' }]);
  assert.equal(summary.firstFrameMs?.count, 6);
  assert.ok(summary.frames > 6 * 10 && summary.bytes === summary.frames * 2000);
  assert.equal(summary.loadCpu.length, 2);
});

test(
  'viewers that reach nobody are told as such, and a bad load is refused',
  { timeout: 30_000 },
  async () => {
    const load = { paths: ['/a'], viewers: 1, durationMs: 100, settleMs: 0 };
    const summary = await runViewers({ ...load, port: 1 });
    assert.deepEqual([summary.withoutFrame, summary.closed, summary.firstFrameMs], [1, { 1006: 1 }, null]);
    await assert.rejects(runViewers({ ...load, port: 0 }));
  },
);

test('a load process that dies is an error and not a small result', { timeout: 30_000 }, async (t) => {
  const port = await listen(t, () => {
    for (const child of childrenOf(process.pid)) process.kill(child.pid, 'SIGKILL');
  });
  await assert.rejects(
    runViewers({ port, paths: ['/a'], viewers: 1, durationMs: 100 }),
    /ended before its result/,
  );
});
