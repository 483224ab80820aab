import assert from 'node:assert/strict';
import { createHmac } from 'node:crypto';
import { test } from 'node:test';
import fc from 'fast-check';
import { createAuth, requireCamera, type Auth, type Credentials, type Grant } from '../../src/access/auth.js';
import { closeReason } from '../../src/shared/close-reason.js';
import { ConfigError, RefusedError } from '../../src/shared/errors.js';

const timeout = 30_000;
const SECRET = 'a secret of this test, 32 bytes+';
const TOKENS = ['wall-token-1', 'wall-token-2', 'wall-token-3'];
const NOW_S = 1_800_000_000;
const now = () => new Date(NOW_S * 1000);

const base64url = (value: unknown): string => Buffer.from(JSON.stringify(value)).toString('base64url');

const HS256: object = { alg: 'HS256', typ: 'JWT' };

function jwt(claims: object, { secret = SECRET, header = HS256, hash = 'sha256' } = {}): string {
  const body = `${base64url(header)}.${base64url(claims)}`;
  return `${body}.${createHmac(hash, secret).update(body).digest('base64url')}`;
}

const both = createAuth({ tokens: TOKENS, jwtSecret: SECRET }, now);
const soon = { exp: NOW_S + 60 };

async function refusal(auth: Auth, credentials: Credentials): Promise<RefusedError> {
  try {
    await auth.authenticate(credentials);
  } catch (error) {
    assert.ok(error instanceof RefusedError, String(error));
    assert.equal(error.code, 'unauthenticated');
    assert.equal(error.close, 4401);
    assert.equal(closeReason(error.message), error.message);
    return error;
  }
  return assert.fail('was let in');
}

test(
  'without tokens and secret everybody is let in, and the auth says that it is off',
  { timeout },
  async () => {
    for (const jwtSecret of ['', null]) {
      const off = createAuth({ tokens: [], jwtSecret });
      assert.equal(off.enabled, false);
      const grant = await off.authenticate({ token: 'whatever' });
      assert.equal(grant.subject, 'anonymous');
      assert.ok(grant.allows('any-camera'));
    }
    assert.equal(createAuth({ tokens: ['x'], jwtSecret: '' }).enabled, true);
    assert.equal(createAuth({ tokens: [], jwtSecret: SECRET }).enabled, true);
  },
);

test('a list of empty tokens is refused at start', { timeout }, () => {
  assert.throws(
    () => createAuth({ tokens: ['', ''], jwtSecret: null }),
    (error: unknown) => error instanceof ConfigError && error.message.includes('AUTH_TOKENS'),
  );
});

test('each listed token is let in at once, from the header and from the query', { timeout }, () => {
  TOKENS.forEach((token, i) => {
    for (const credentials of [
      { token },
      { authorization: `Bearer ${token}` },
      { authorization: `bearer  ${token}` },
    ]) {
      const grant = both.authenticate(credentials);
      assert.ok(!(grant instanceof Promise));
      assert.equal(grant.subject, `token:${i + 1}`);
      assert.ok(grant.allows('any-camera'));
    }
  });
});

for (const token of [
  'wall-token',
  'wall-token-4',
  'WALL-TOKEN-1',
  'wall-token-1 ',
  ' wall-token-1',
  'wall-token-1\0',
  'wall-token-1,wall-token-2',
]) {
  test(`the token ${JSON.stringify(token)} is refused because it is not listed`, { timeout }, async () => {
    const only = createAuth({ tokens: TOKENS, jwtSecret: null });
    assert.match((await refusal(only, { token })).message, /not in AUTH_TOKENS/);
    assert.match((await refusal(both, { token })).message, /neither in AUTH_TOKENS nor a JSON Web Token/);
  });
}

test(
  'a missing or empty token is refused with the ways to send one, and an empty list entry is no token',
  { timeout },
  async () => {
    const auth = createAuth({ tokens: ['', 'x'], jwtSecret: null });
    for (const credentials of [
      {},
      { token: '' },
      { authorization: '' },
      { authorization: 'Bearer' },
      { authorization: 'Bearer ' },
      { authorization: 'Bearer a b' },
      { authorization: 'x' },
    ]) {
      assert.match(
        (await refusal(auth, credentials)).message,
        /no token: send "Authorization: Bearer ..." or \?token=/,
      );
    }
  },
);

test(
  'a Basic header of some proxy does not hide the token of the query, a Bearer header wins over it',
  { timeout },
  async () => {
    const token = TOKENS[0] ?? '';
    assert.equal((await both.authenticate({ authorization: 'Basic dTpw', token })).subject, 'token:1');
    await refusal(both, { authorization: 'Bearer wrong', token });
  },
);

test('a signed token that has not expired is let in as its subject', { timeout }, async () => {
  const pending = both.authenticate({ token: jwt({ ...soon, sub: 'lobby-screen' }) });
  assert.ok(pending instanceof Promise);
  const grant = await pending;
  assert.equal(grant.subject, 'jwt:lobby-screen');
  assert.ok(grant.allows('any-camera'));
  assert.equal((await both.authenticate({ token: jwt({ ...soon, sub: { odd: 1 } }) })).subject, 'jwt:');
  assert.equal((await both.authenticate({ authorization: `Bearer ${jwt(soon)}` })).subject, 'jwt:');
  assert.equal(
    (await both.authenticate({ token: jwt({ ...soon, sub: 'x'.repeat(500) }) })).subject.length,
    68,
  );
});

test('expiry counts with 5 s of tolerance', { timeout }, async () => {
  await both.authenticate({ token: jwt({ exp: NOW_S - 4 }) });
  assert.match((await refusal(both, { token: jwt({ exp: NOW_S - 5 }) })).message, /expired \(claim "exp"\)/);
  await both.authenticate({ token: jwt({ ...soon, nbf: NOW_S + 5 }) });
  assert.match((await refusal(both, { token: jwt({ ...soon, nbf: NOW_S + 6 }) })).message, /claim "nbf"/);
});

for (const [what, token, message] of [
  ['without exp', jwt({ sub: 'x' }), /claim "exp" is missing/],
  ['with an exp that is no number', jwt({ exp: 'tomorrow' }), /claim "exp"/],
  [
    'signed with another secret',
    jwt(soon, { secret: 'another secret of the same length' }),
    /not signed with AUTH_JWT_SECRET/,
  ],
  ['signed with HS512', jwt(soon, { header: { alg: 'HS512' }, hash: 'sha512' }), /not signed with HS256/],
  ['of algorithm none with a signature', jwt(soon, { header: { alg: 'none' } }), /not signed with HS256/],
  [
    'of algorithm none without one',
    `${base64url({ alg: 'none' })}.${base64url(soon)}.`,
    /nor a JSON Web Token/,
  ],
  ['that claims RS256', jwt(soon, { header: { alg: 'RS256' } }), /not signed with HS256/],
  [
    'with an unknown critical header',
    jwt(soon, { header: { alg: 'HS256', crit: ['x'], x: 1 } }),
    /AUTH_JWT_SECRET/,
  ],
  [
    'whose claims were changed',
    jwt(soon).replace(/\.[^.]+\./, `.${base64url({ exp: NOW_S + 9999 })}.`),
    /AUTH_JWT_SECRET/,
  ],
  ['of garbage', 'a.b.c', /AUTH_JWT_SECRET/],
  ['with cameras that are no list', jwt({ ...soon, cameras: 'lobby' }), /claim "cameras" must be a list/],
  [
    'with cameras that are no names',
    jwt({ ...soon, cameras: ['lobby', 7] }),
    /claim "cameras" must be a list/,
  ],
  ['with cameras null', jwt({ ...soon, cameras: null }), /claim "cameras" must be a list/],
] as const) {
  test(`a signed token ${what} is refused, and not repeated`, { timeout }, async () => {
    const error = await refusal(both, { token });
    assert.match(error.message, message);
    assert.ok(!error.message.includes(token) && error.cause === undefined);
  });
}

test('a signed token is refused where no secret is set', { timeout }, async () => {
  const auth = createAuth({ tokens: TOKENS, jwtSecret: '' }, now);
  assert.match((await refusal(auth, { token: jwt(soon) })).message, /not in AUTH_TOKENS/);
});

test('a token of megabytes is refused by its length', { timeout }, async () => {
  for (const token of ['x'.repeat(5_000_000), jwt({ ...soon, pad: 'x'.repeat(5000) })]) {
    assert.match((await refusal(both, { token })).message, /longer than 4096/);
  }
});

async function grantFor(cameras: unknown): Promise<Grant> {
  return both.authenticate({ token: jwt({ ...soon, cameras }) });
}

test(
  'the claim cameras limits a token to exact names and to patterns that end in *',
  { timeout },
  async () => {
    const grant = await grantFor(['lobby', 'gate-*', 'a*b']);
    for (const camera of ['lobby', 'gate-', 'gate-1', 'gate-1-left']) assert.ok(grant.allows(camera), camera);
    for (const camera of [
      'lobby2',
      'Lobby',
      'lobb',
      'gate',
      'xgate-1',
      'ab',
      'axb',
      '',
      '__proto__',
      'constructor',
      'toString',
    ]) {
      assert.ok(!grant.allows(camera), camera);
    }
    assert.ok((await grantFor(['*'])).allows('any-camera'));
    assert.ok(!(await grantFor([])).allows('any-camera'));
  },
);

test('the claim views lets in to what those views show, beside what cameras names', { timeout }, async () => {
  const shown: Record<string, string[]> = { gate: ['entrance', 'all'], vault: ['all'], yard: [] };
  const auth = createAuth({ tokens: [], jwtSecret: SECRET }, now, {
    viewsOf: (camera) => shown[camera] ?? [],
    groups: () => [],
  });
  const rights = async (claims: object): Promise<[string, string]> => {
    const grant = await auth.authenticate({ token: jwt({ ...soon, ...claims }) });
    const cameras = ['gate', 'vault', 'yard'].filter((camera) => grant.allows(camera));
    return [cameras.join(), ['entrance', 'all', 'other'].filter((view) => grant.allowsView(view)).join()];
  };
  assert.deepEqual(await rights({}), ['gate,vault,yard', 'entrance,all,other']);
  assert.deepEqual(await rights({ views: ['entrance'] }), ['gate', 'entrance']);
  assert.deepEqual(await rights({ views: ['a*'] }), ['gate,vault', 'all']);
  assert.deepEqual(await rights({ views: ['entrance'], cameras: ['yard'] }), ['gate,yard', 'entrance']);
  assert.deepEqual(await rights({ cameras: ['yard'] }), ['yard', 'entrance,all,other']);
  assert.deepEqual(await rights({ views: [] }), ['', '']);
  shown['yard'] = ['entrance'];
  assert.deepEqual(await rights({ views: ['entrance'] }), ['gate,yard', 'entrance'], 'as the views are now');
  for (const views of ['entrance', 7, [7], null])
    assert.match((await refusal(auth, { token: jwt({ ...soon, views }) })).message, /claim "views"/);
});

test('a camera outside the grant is refused with 4403', { timeout }, async () => {
  const grant = await grantFor(['lobby']);
  requireCamera(grant, 'lobby');
  assert.throws(
    () => {
      requireCamera(grant, 'vault');
    },
    { code: 'camera_not_allowed', close: 4403, message: /claim "cameras"/ },
  );
});

test('no text other than a listed token is ever let in, and no refusal repeats it', { timeout }, async () => {
  const text = fc.oneof(
    fc.string({ unit: 'binary', minLength: 20, maxLength: 60 }),
    fc
      .array(
        fc.string({ unit: fc.constantFrom(...'eyJhbGciOi-_09'.split('')), minLength: 8, maxLength: 20 }),
        {
          minLength: 3,
          maxLength: 3,
        },
      )
      .map((parts) => parts.join('.')),
  );
  await fc.assert(
    fc.asyncProperty(text, fc.boolean(), async (token, asHeader) => {
      const error = await refusal(both, asHeader ? { authorization: `Bearer ${token}` } : { token });
      assert.ok(!error.message.includes(token));
    }),
    { numRuns: 300 },
  );
});
