import assert from 'node:assert/strict';
import { once } from 'node:events';
import { after, before, test } from 'node:test';
import { SignJWT } from 'jose';
import { WebSocket } from 'ws';
import { startService } from '../../bench/lib/service.js';
import { connectViewer } from '../../bench/lib/ws-viewer.js';
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

/** Who gets in: tokens and origins, on every path. */

const timeout = 60_000;
/** With an `=`, as base64 has it: cookies must carry it too. */
const TOKEN = 'c3RhdGljLXRva2Vu-first==';
const SECRET = 'a secret of more than thirty-two bytes';
/** A list of tokens may hold all but commas and spaces. */
const ODD_TOKEN = 'Gate#2024!;%41"é';
const BEARER = { Authorization: `Bearer ${TOKEN}` };
const PATHS = [
  '/',
  '/metrics',
  '/api/cameras',
  '/snapshot?camera_index=honest',
  '/stream.mjpeg?camera_index=honest',
  '/api/streams',
  '/api/frame.jpeg?src=honest',
  '/api/stream.mjpeg?src=honest',
];
let target: Target;

before(
  async () => {
    const env = {
      AUTH_TOKENS: `other,${TOKEN},${ODD_TOKEN}`,
      // Every test here comes with wrong tokens from the same address.
      MAX_FAILED_TOKENS_PER_MINUTE: '0',
      AUTH_JWT_SECRET: SECRET,
      ALLOWED_ORIGINS: 'https://wall.example:8443',
    };
    target = await startTarget(env, BEARER);
  },
  { timeout },
);
after(() => target.close(), { timeout });

const jwt = (claims: Record<string, unknown>, secret = SECRET): Promise<string> =>
  new SignJWT(claims).setProtectedHeader({ alg: 'HS256' }).sign(Buffer.from(secret));
const inAnHour = (): number => Math.floor(Date.now() / 1000) + 3600;

const statusOf = async (path: string, headers: Record<string, string> = {}): Promise<number> => {
  const gone = new AbortController();
  const response = await fetch(`${target.service.url}${path}`, { headers, signal: gone.signal });
  gone.abort();
  return response.status;
};

test(
  'without a token every path but the probes says 401, how to bring one, and nothing else',
  { timeout },
  async () => {
    for (const probe of ['/healthz', '/readyz']) assert.equal(await statusOf(probe), 200, probe);
    for (const path of PATHS) {
      const response = await fetch(`${target.service.url}${path}`);
      assert.equal(response.status, 401, path);
      assert.equal(response.headers.get('www-authenticate'), 'Bearer');
      assert.deepEqual(await response.json(), {
        error: 'unauthenticated',
        message: 'no token: send "Authorization: Bearer ..." or ?token=',
      });
    }
    for (const path of ['/ws?camera_index=honest', '/wall', '/api/ws?src=honest']) {
      const { code, reason } = await refusal(target.service.port, path);
      assert.deepEqual([code, reason], [4401, 'no token: send "Authorization: Bearer ..." or ?token=']);
    }
  },
);

test(
  'a wrong, expired, unsigned or foreign token is refused on every path, and is never repeated',
  { timeout },
  async () => {
    const none = Buffer.from('{"alg":"none"}').toString('base64url');
    const body = Buffer.from(JSON.stringify({ exp: inAnHour() })).toString('base64url');
    const wrong = [
      `${TOKEN}x`,
      TOKEN.slice(0, -1),
      TOKEN.toUpperCase(),
      await jwt({ exp: inAnHour() - 7200 }),
      await jwt({}),
      await jwt({ exp: inAnHour(), nbf: inAnHour() }),
      await jwt({ exp: inAnHour() }, 'another secret of more than 32 bytes'),
      await jwt({ exp: inAnHour(), cameras: 'honest' }),
      `${none}.${body}.`,
      'x'.repeat(5000),
    ];
    for (const token of wrong) {
      const authorization = { Authorization: `Bearer ${token}` };
      for (const path of PATHS) assert.equal(await statusOf(path, authorization), 401, path);
      const answers = [
        await refusal(target.service.port, '/ws?camera_index=honest', authorization),
        await refusal(target.service.port, `/ws?camera_index=honest&token=${encodeURIComponent(token)}`),
        await refusal(target.service.port, '/ws?camera_index=honest', { Cookie: `rtsp_ws_token=${token}` }),
        await refusal(target.service.port, '/wall', authorization),
        await refusal(target.service.port, '/api/ws?src=honest', authorization),
      ];
      for (const { code, reason } of answers) {
        assert.equal(code, 4401, reason);
        assert.ok(!reason.includes(token));
      }
    }
    await assertUnharmed(target);
  },
);

test('a right token lets in as header, as parameter and as the cookie of the page', { timeout }, async () => {
  const page = await fetch(`${target.service.url}/?token=${encodeURIComponent(TOKEN)}`);
  const cookie = page.headers.get('set-cookie') ?? '';
  const token = await jwt({ exp: inAnHour(), sub: 'tv' });
  const ways: readonly (readonly [string, Record<string, string>])[] = [
    ['', BEARER],
    [`&token=${encodeURIComponent(TOKEN)}`, {}],
    ['', { Cookie: `a=b; rtsp_ws_token=${TOKEN}; c=d` }],
    [`&token=${token}`, {}],
    ['', { Authorization: `bearer ${token}` }],
  ];
  for (const [query, headers] of ways) {
    for (const path of PATHS.filter((each) => each !== '/'))
      assert.equal(
        await statusOf(`${path}${path.includes('?') ? '' : '?'}${query}`, headers),
        200,
        `${path} ${query}`,
      );
    const viewer = connectViewer({
      host: HOST,
      port: target.service.port,
      path: `/ws?camera_index=honest${query}`,
      headers,
      mode: 'count',
    });
    await framesMore(viewer, 1);
    viewer.destroy();
    const wall = new WebSocket(`${target.service.url.replace('http', 'ws')}/wall?${query}`, { headers });
    await once(wall, 'message');
    wall.terminate();
  }
  if (page.status === 200) {
    const encoded = encodeURIComponent(TOKEN);
    assert.equal(cookie, `rtsp_ws_token=${encoded}; Path=/; HttpOnly; SameSite=Strict`);
  }
});

test('the page works with a token of any characters', { timeout }, async () => {
  const page = await fetch(`${target.service.url}/?token=${encodeURIComponent(ODD_TOKEN)}`);
  const [cookie = ''] = (page.headers.get('set-cookie') ?? '').split(';');
  assert.equal(await statusOf('/api/cameras', { Cookie: cookie }), 200);
  assert.equal(await statusOf('/api/cameras', { Cookie: `${cookie}x` }), 401);
  assert.equal(await statusOf('/api/cameras', { Cookie: 'rtsp_ws_token=%' }), 401);
});

test(
  'a token for other cameras sees neither this one nor its name, and dials nothing',
  { timeout },
  async (t) => {
    const decoy = await openDecoy();
    t.after(() => decoy.close());
    const Authorization = `Bearer ${await jwt({ exp: inAnHour(), cameras: ['gate', 'hall-*'] })}`;
    const rtsp = `rtsp://127.0.0.1:${decoy.port}/x`;
    for (const query of [
      { camera_index: 'honest' },
      { camera_index: 'honest', rtsp: target.cameras.url(0) },
      { camera_index: 'hall', rtsp },
    ]) {
      const path = wsPath(query);
      const { code, reason } = await refusal(target.service.port, path, { Authorization });
      assert.deepEqual(
        [code, reason],
        [4403, 'token does not cover this camera: see its claim "cameras" or "views", or your groups'],
      );
      for (const http of ['/snapshot', '/stream.mjpeg'])
        assert.equal(await statusOf(http + path.slice(3), { Authorization }), 403);
    }
    for (const http of ['/api/frame.jpeg', '/api/stream.mjpeg'])
      assert.equal(await statusOf(`${http}?src=honest`, { Authorization }), 403);
    assert.equal((await refusal(target.service.port, '/api/ws?src=honest', { Authorization })).code, 4403);
    const streams = await fetch(`${target.service.url}/api/streams`, { headers: { Authorization } });
    assert.deepEqual(await streams.json(), {});
    const list = await fetch(`${target.service.url}/api/cameras`, { headers: { Authorization } });
    assert.deepEqual(await list.json(), { cameras: [] });

    const wall = new WebSocket(`${target.service.url.replace('http', 'ws')}/wall`, {
      headers: { Authorization },
    });
    t.after(() => wall.terminate());
    await once(wall, 'message');
    wall.send(JSON.stringify({ type: 'subscribe', handle: 1, camera: 'honest' }));
    const [answer] = (await once(wall, 'message')) as [Buffer];
    const { type, code } = JSON.parse(answer.toString()) as { type: string; code: number };
    assert.deepEqual([type, code], ['refused', 4403]);
    assert.equal(decoy.contacts.length, 0);
    assert.deepEqual(await openedCameras(target.service, BEARER), ['honest']);
  },
);

test('a foreign or null origin is told which setting would allow it, token or not', { timeout }, async () => {
  const line = 'rtsp_ws_rejected_total{reason="origin_denied"}';
  const before = await metric(target.service, line, BEARER);
  for (const origin of [
    'https://evil.example',
    'null',
    'https://wall.example',
    'http://wall.example:8443',
    `https://127.0.0.1:1`,
    '<x>',
  ]) {
    for (const path of ['/ws?camera_index=honest', '/wall', '/api/ws?src=honest']) {
      const { code, reason } = await refusal(target.service.port, path, { ...BEARER, Origin: origin });
      assert.equal(code, 4403, origin);
      assert.match(reason, /is not allowed: add it to ALLOWED_ORIGINS$/);
    }
    for (const path of PATHS) assert.equal(await statusOf(path, { ...BEARER, Origin: origin }), 403, path);
  }
  assert.ok((await metric(target.service, line, BEARER)) > before);
});

test('the page of this host, a listed origin and programs without one may connect', { timeout }, async () => {
  const own = `http://${HOST}:${target.service.port}`;
  for (const headers of [
    BEARER,
    { ...BEARER, Origin: own },
    { ...BEARER, Origin: 'https://wall.example:8443' },
  ]) {
    const viewer = connectViewer({
      host: HOST,
      port: target.service.port,
      path: '/ws?camera_index=honest',
      headers,
      mode: 'count',
    });
    await framesMore(viewer, 1);
    viewer.destroy();
  }
});

test('a start without authentication on a public address says so once, loudly', { timeout }, async (t) => {
  const warnings = (text: string): string[] =>
    text.split('\n').filter((line) => line.includes('"event":"no_authentication"'));
  const open = await startService({ env: { HOST: '0.0.0.0' } });
  t.after(() => open.stop());
  await until('the warning', () => warnings(open.log()).length > 0);
  const [warning = '', ...more] = warnings(open.log());
  assert.match(warning, /"level":40.*ANYONE who reaches .* set AUTH_TOKENS or AUTH_JWT_SECRET/);
  assert.deepEqual(more, []);
  assert.deepEqual(warnings(target.service.log()), []);
});

test(
  '/readyz tells a probe without a token whether, and only who has one why not',
  { timeout },
  async (t) => {
    const service = await startService({ env: { AUTH_TOKENS: TOKEN, FFMPEG_PATH: '/nowhere/ffmpeg' } });
    t.after(() => service.stop());
    const strangers = await fetch(`${service.url}/readyz`);
    assert.deepEqual([strangers.status, await strangers.json()], [503, { ready: false, problems: [] }]);
    const known = await fetch(`${service.url}/readyz`, { headers: BEARER });
    const { problems } = (await known.json()) as { problems: string[] };
    assert.equal(known.status, 503);
    assert.match(problems.join(), /FFMPEG_PATH/);
  },
);
