import assert from 'node:assert/strict';
import { connect, createServer, type Socket } from 'node:net';
import { once } from 'node:events';
import { test } from 'node:test';
import { cameras, closed, type Scope, service, watch } from '../support/rig.js';
import { until } from '../support/until.js';
import { FFMPEGS } from '../support/ffmpegs.js';

/** A camera that cannot be opened: what its first viewer is told, how often it is tried, what is counted. */

interface Row {
  readonly fault: string;
  readonly title: string;
  readonly close: number;
  readonly code: string;
  readonly words: RegExp;
}

const ROWS: readonly Row[] = [
  { fault: 'refuse', title: 'connection refused', close: 4502, code: 'refused', words: /refused: check/ },
  {
    fault: 'silent',
    title: 'accepts, then silence',
    close: 4504,
    code: 'open_timeout',
    words: /sent no frame in time/,
  },
  {
    fault: 'bad-auth',
    title: '401',
    close: 4401,
    code: 'unauthorized',
    words: /user\/password: check the URL/,
  },
  { fault: 'status:404', title: '404', close: 4404, code: 'not_found', words: /check the path/ },
  { fault: 'status:453', title: '453', close: 4502, code: 'busy', words: /close other clients/ },
  { fault: 'status:503', title: '503', close: 4502, code: 'unavailable', words: /503/ },
];

for (const ffmpeg of FFMPEGS) {
  test(
    `a camera that cannot be opened, with ${ffmpeg.name}`,
    { timeout: 60_000, concurrency: 3 },
    async (t) => {
      const set = await cameras(t, { count: ROWS.length + 1, auth: 'basic' });
      const server = await service(t, { FFMPEG_PATH: ffmpeg.path, LINGER_MS: '60000' });
      await Promise.all([
        ...ROWS.map((row, i) =>
          t.test(
            `${row.title}: ${row.close} with a reason, and a backoff`,
            { timeout: 30_000 },
            async (t) => {
              const name = `cam${i + 1}`;
              await set.fault(name, row.fault);
              const viewer = watch(t, server, name, set.url(i));
              const { code, reason } = await closed(viewer, 15_000);
              assert.equal(code, row.close, reason);
              assert.match(reason, row.words);
              assert.ok(reason.startsWith(`${name}: `), 'the reason names the camera');
              assert.equal(viewer.frames.length, 0);
              assert.ok((await server.metric('reconnects_total', { camera: name, reason: row.code })) >= 1);
              const { state, reason: why } = (await server.camera(name)) ?? {};
              assert.deepEqual(
                [state, why],
                ['offline', row.code],
                'the camera is kept for its linger, and tells why',
              );
            },
          ),
        ),
        t.test(
          '302 to another host: refused, and the other host is not contacted',
          { timeout: 30_000 },
          async (t) => {
            const name = `cam${ROWS.length + 1}`;
            const trap = await listener(t);
            await set.fault(name, `redirect:rtsp://127.0.0.9:${trap.port}/elsewhere`);
            const { code, reason } = await closed(watch(t, server, name, set.url(ROWS.length)), 15_000);
            assert.equal(code, 4403, reason);
            assert.match(reason, /redirects to another address/);
            assert.ok((await server.metric('reconnects_total', { camera: name, reason: 'redirected' })) >= 1);
            const heard = await trap.heard();
            assert.deepEqual(heard, [], 'neither a connection nor, above all, the credentials');
          },
        ),
        t.test(
          'host name does not resolve: 4502 "cannot resolve", no crash',
          { timeout: 30_000 },
          async (t) => {
            // RFC 6761: resolvers answer `invalid` by themselves.
            const url = 'rtsp://camera.invalid/stream';
            const { code, reason } = await closed(watch(t, server, 'nowhere', url), 25_000);
            assert.equal(code, 4502, reason);
            assert.match(reason, /cannot resolve/);
            assert.ok((await server.metric('reconnects_total', { camera: 'nowhere', reason: 'dns' })) >= 1);
            assert.equal(await server.metric('ffmpeg_starts_total', { camera: 'nowhere' }), 0);
            assert.equal((await fetch(`${server.url}/healthz`)).status, 200);
          },
        ),
      ]);
    },
  );
}

test('refused credentials are not tried again before their hold is over', { timeout: 30_000 }, async (t) => {
  const set = await cameras(t, { auth: 'digest', fault: 'bad-auth' });
  const server = await service(t, { AUTH_HOLD_MS: '3000' });
  await closed(watch(t, server, 'door', set.url(0)));
  const asked = (await set.list())[0]?.contacts.connections ?? 0;
  for (let i = 0; i < 3; i++) {
    const { code } = await closed(watch(t, server, 'door', set.url(0)));
    assert.equal(code, 4401);
  }
  assert.equal((await set.list())[0]?.contacts.connections, asked, 'three viewers more, no login more');
  await set.fault('*', null);
  const frames = await until(
    'the camera plays after its hold',
    async () => {
      const viewer = watch(t, server, 'door', set.url(0));
      await until('an answer', () => viewer.frames.length > 0 || viewer.stats.closed !== undefined);
      return viewer.frames.length > 0;
    },
    10_000,
  );
  assert.ok(frames);
});

test(
  'connection refused: tries again with a growing pause, never in a hot loop',
  { timeout: 30_000 },
  async (t) => {
    const set = await cameras(t, { fault: 'refuse' });
    const server = await service(t, { LINGER_MS: '60000', RETRY_MIN_MS: '200', RETRY_MAX_MS: '400' });
    await closed(watch(t, server, 'gone', set.url(0)));
    const began = performance.now();
    const count = (): Promise<number> =>
      server.metric('reconnects_total', { camera: 'gone', reason: 'refused' });
    const before = await count();
    await until('four tries more', async () => (await count()) >= before + 4, 10_000);
    // 4 pauses of at least 160 ms each (jitter included): a hot loop would take a tenth of that.
    assert.ok(performance.now() - began > 500);
  },
);

/** A port on another address of the loopback net that keeps what it is told. */
async function listener(scope: Scope): Promise<{ port: number; heard: () => Promise<string[]> }> {
  const heard: string[] = [];
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    const index = heard.push('') - 1;
    sockets.add(socket);
    socket.setEncoding('latin1').on('error', () => undefined);
    socket.on('data', (text: string) => {
      heard[index] = (heard[index] ?? '') + text;
      if (text === BYE) socket.destroy();
    });
  });
  server.listen(0, '127.0.0.9');
  await once(server, 'listening');
  scope.after(() => {
    for (const socket of sockets) socket.destroy();
    server.close();
  });
  const address = server.address();
  const port = address !== null && typeof address === 'object' ? address.port : 0;
  return {
    port,
    heard: async () => {
      // A call of our own comes behind any that were made before.
      const own = connect(port, '127.0.0.9', () => own.write(BYE)).resume();
      await once(own, 'close');
      return heard.filter((text) => text !== BYE);
    },
  };
}

const BYE = 'bye';
