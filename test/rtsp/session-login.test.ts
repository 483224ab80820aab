import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ScriptedCamera } from './support/scripted-camera.js';
import { watch } from './support/watch.js';

/** Credentials in a whole session, against a server that computes right answers by itself. */

const timeout = 30_000;
const LOGIN = { username: 'viewer', password: 'p+a%2B@ü:"x\\' };

const MD5 = 'Digest realm="IP Camera(1)", nonce="5ae62bb6"';
const SHA = 'Digest realm="IP Camera(1)", nonce="7fe0", algorithm="SHA-256", stale="FALSE"';
const BASIC = 'Basic realm="cam"';

for (const [what, offers, scheme] of [
  ['Digest MD5', [MD5], /^Digest (?!.*algorithm)/],
  ['Digest MD5 with qop', [`${MD5}, qop="auth", algorithm=MD5`], /qop=auth/],
  ['Digest MD5-sess', ['Digest realm="x", nonce="1", algorithm=MD5-sess, qop="auth"'], /algorithm=MD5-sess/],
  ['SHA-256 alone', [SHA], /algorithm="SHA-256"/],
  ['MD5, then SHA-256', [MD5, SHA], /algorithm="SHA-256"/],
  ['SHA-256, then MD5', [SHA, MD5], /algorithm="SHA-256"/],
  ['SHA-256-sess', ['Digest realm="x", nonce="1", algorithm=SHA-256-sess, qop="auth"'], /SHA-256-sess/],
  ['Basic, then SHA-256', [BASIC, SHA], /algorithm="SHA-256"/],
  ['all in one header', [`${BASIC}, ${MD5}`], /^Digest/],
  ['Basic', [BASIC], /^Basic/],
] as const) {
  test(`a camera that asks for ${what} is answered, also at OPTIONS`, { timeout }, async (t) => {
    const camera = await ScriptedCamera.start(t, { login: LOGIN, challenges: () => offers });
    const { reach, stop } = watch(t, camera, { credentials: LOGIN });
    await reach(3);
    await stop();
    assert.deepEqual(camera.methods(), ['OPTIONS', 'OPTIONS', 'DESCRIBE', 'SETUP', 'PLAY', 'TEARDOWN']);
    assert.equal(camera.authorizations[0], null);
    for (const header of camera.authorizations.slice(1)) assert.match(header ?? '', scheme);
    assert.equal(camera.sessions, 0);
  });
}

for (const method of ['SETUP', 'PLAY', 'GET_PARAMETER', 'TEARDOWN'] as const) {
  test(`a new nonce at ${method} is answered`, { timeout }, async (t) => {
    let count = 0;
    const camera = await ScriptedCamera.start(t, {
      login: LOGIN,
      session: '1234;timeout=1',
      challenges: (round) => [`Digest realm="cam", nonce="n${round}"`],
      // The first request of this method, and then each second: always refused once, then answered.
      expires: (request) => request.method === method && count++ % 2 === 0,
    });
    const { reach, stop } = watch(t, camera, { credentials: LOGIN });
    await reach(40);
    assert.deepEqual(await stop(), { code: 'stopped' });
    assert.ok(count >= 2, `${method} came ${count} times`);
    assert.equal(camera.sessions, 0, 'the session was torn down');
  });
}

test('a nonce that is stale when its answer comes is asked for once more', { timeout }, async (t) => {
  let refusals = 0;
  const camera = await ScriptedCamera.start(t, {
    login: LOGIN,
    challenges: (round) => [`Digest realm="cam", nonce="n${round}", stale=${round > 0}`],
    expires: ({ method }) => method === 'DESCRIBE' && refusals++ < 2,
  });
  const { reach } = watch(t, camera, { credentials: LOGIN });
  await reach(1);
});

test('nonces that are always stale end it', { timeout }, async (t) => {
  const camera = await ScriptedCamera.start(t, {
    login: LOGIN,
    challenges: (round) => [`Digest realm="cam", nonce="n${round}", stale=true`],
    expires: () => true,
  });
  const end = await watch(t, camera, { credentials: LOGIN }).session.ended;
  assert.equal(end.code, 'unauthorized');
  assert.ok(camera.requests.length <= 4);
});

for (const offers of [[MD5], [SHA, MD5], [BASIC]]) {
  test(`a wrong password is tried once (${offers.join(' and ')})`, { timeout }, async (t) => {
    const camera = await ScriptedCamera.start(t, {
      login: LOGIN,
      // As most do: a new nonce with each refusal.
      challenges: (round) => offers.map((offer) => offer.replace(/nonce="/, `$&${round}`)),
    });
    const credentials = { username: 'viewer', password: 'not-this-one' };
    const end = await watch(t, camera, { credentials }).session.ended;
    assert.equal(end.code, 'unauthorized');
    assert.doesNotMatch(JSON.stringify(end), /not-this-one|viewer/);
    assert.equal(camera.authorizations.filter((header) => header !== null).length, 1);
  });
}

test('refused credentials are not repeated at TEARDOWN', { timeout }, async (t) => {
  let isRevoked = false;
  const camera = await ScriptedCamera.start(t, {
    login: LOGIN,
    session: '1234;timeout=1',
    challenges: (round) => [`Digest realm="cam", nonce="n${round}"`],
    expires: () => isRevoked,
  });
  const { reach, session } = watch(t, camera, { credentials: LOGIN });
  await reach(5);
  isRevoked = true;
  const before = camera.requests.length;
  assert.equal((await session.ended).code, 'unauthorized');
  assert.deepEqual(camera.methods().slice(before), ['GET_PARAMETER', 'GET_PARAMETER']);
});

test(
  'without credentials nothing is sent but the request, and the reason says so',
  { timeout },
  async (t) => {
    const camera = await ScriptedCamera.start(t, { login: LOGIN });
    const end = await watch(t, camera).session.ended;
    assert.deepEqual(end, { code: 'unauthorized', detail: 'the URL has no user and password' });
    assert.deepEqual(camera.authorizations, [null]);
  },
);

test('a camera that asks for nothing gets no credentials', { timeout }, async (t) => {
  const camera = await ScriptedCamera.start(t);
  const { reach, stop } = watch(t, camera, { credentials: LOGIN });
  await reach(2);
  await stop();
  assert.deepEqual(new Set(camera.authorizations), new Set([null]));
});

test('what a camera repeats of the credentials is hidden', { timeout }, async (t) => {
  const secret = { username: 'operator', password: 's+ecret/1' };
  const location = `rtsp://operator:${encodeURIComponent(secret.password)}@10.0.0.9/x?token=abc`;
  const camera = await ScriptedCamera.start(t, {
    script: {
      DESCRIBE: () => ({ status: 302, reason: `for operator s+ecret/1`, headers: { Location: location } }),
    },
  });
  const { session, steps } = watch(t, camera, { credentials: secret });
  const end = await session.ended;
  assert.equal(end.code, 'redirected');
  assert.match(JSON.stringify(end), /10\.0\.0\.9/);
  assert.doesNotMatch(JSON.stringify([end, steps]), /operator|s\+ecret|ecret%2F|abc/);
});
