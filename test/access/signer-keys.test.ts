import assert from 'node:assert/strict';
import { createHmac, createPublicKey, type JsonWebKey } from 'node:crypto';
import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { createServer, type RequestListener } from 'node:http';
import { join } from 'node:path';
import { before, test, type TestContext } from 'node:test';
import { pathToFileURL } from 'node:url';
import { createAuth, type Grant } from '../../src/access/auth.js';
import { checkJwksFile, loadJwks } from '../../src/access/load-jwks.js';
import { COOL_DOWN_MS, MAX_AGE_MS, REFRESH_MS, SignerKeys } from '../../src/access/signer-keys.js';
import { ManualClock } from '../support/manual-clock.js';
import { tempFolder } from '../support/temp-folder.js';
import { createSigner, keySetOf, type TestSigner } from './signer.js';

const timeout = 30_000;
const SECRET = 'a secret of this test, 32 bytes+';

let rsa: TestSigner;
let ec: TestSigner;
let next: TestSigner;
before(async () => {
  [rsa, ec, next] = await Promise.all([
    createSigner('one', 'RS256'),
    createSigner('two'),
    createSigner('three'),
  ]);
});

/** Keys that the test exchanges, and how often they were asked for. */
function keysOf(...signers: readonly TestSigner[]) {
  const clock = new ManualClock();
  const source = { set: keySetOf(...signers), asked: 0, down: false };
  const problems: string[] = [];
  const keys = new SignerKeys(
    () => {
      source.asked++;
      return source.down ? Promise.reject(new Error('is down')) : Promise.resolve(source.set);
    },
    clock,
    { loaded: () => undefined, failed: (problem) => problems.push(problem) },
  );
  const signer = { keys, issuer: '', audience: '' };
  const auth = createAuth({ tokens: [], jwtSecret: SECRET, signer });
  const letsIn = async (token: string): Promise<Grant> => auth.authenticate({ token });
  return { clock, source, problems, keys, signer, letsIn };
}

const refused = (code: string, message: RegExp) => ({ name: 'RefusedError', code, message });

test('RS256 and ES256 tokens are let in by the keys of their signer', { timeout }, async () => {
  const { keys, letsIn, source } = keysOf(rsa, ec);
  await keys.start();
  for (const signer of [rsa, ec]) {
    const grant = await letsIn(await signer.sign({ sub: 'ann' }));
    assert.equal(grant.subject, 'jwt:ann');
    assert.ok(grant.allows('any'));
  }
  assert.equal(source.asked, 1);
  keys.close();
});

test('no token is taken whose algorithm is not its key’s', { timeout }, async () => {
  const { keys, letsIn } = keysOf(rsa, ec);
  await keys.start();
  const claims = { exp: Math.floor(Date.now() / 1000) + 60 };
  const base64url = (value: unknown): string => Buffer.from(JSON.stringify(value)).toString('base64url');
  const hmacWith = (key: string | Buffer, header: object): string => {
    const body = `${base64url(header)}.${base64url(claims)}`;
    return `${body}.${createHmac('sha256', key).update(body).digest('base64url')}`;
  };
  const pem = createPublicKey({ key: rsa.jwk as JsonWebKey, format: 'jwk' }).export({
    type: 'spki',
    format: 'pem',
  });
  for (const [token, message] of [
    [hmacWith(pem, { alg: 'HS256', kid: 'one' }), /not signed with AUTH_JWT_SECRET/],
    [hmacWith(JSON.stringify(rsa.jwk), { alg: 'HS256', kid: 'one' }), /not signed with AUTH_JWT_SECRET/],
    [hmacWith(SECRET, { alg: 'RS256', kid: 'one' }), /not signed by a key/],
    [hmacWith(SECRET, { alg: 'ES256', kid: 'one' }), /not signed by a key/],
    [hmacWith(SECRET, { alg: 'HS512', kid: 'one' }), /not signed with HS256, RS256 or ES256/],
    [hmacWith(SECRET, { alg: 'none' }), /not signed with HS256, RS256 or ES256/],
    [hmacWith(SECRET, { alg: 'PS256', kid: 'one' }), /not signed with HS256, RS256 or ES256/],
    [hmacWith(SECRET, { alg: 'RS256', jwk: rsa.jwk, jku: 'https://evil.example/' }), /not signed by a key/],
  ] as const)
    await assert.rejects(letsIn(token), refused('unauthenticated', message));
  assert.ok((await letsIn(hmacWith(SECRET, { alg: 'HS256' }))).allows('any'), 'HS256 as ever');
  keys.close();
});

test('a symmetric key in the set is never used', { timeout }, async () => {
  const { keys, letsIn, source } = keysOf();
  source.set = {
    keys: [{ kty: 'oct', k: Buffer.from(SECRET).toString('base64url'), kid: 'one', alg: 'RS256' }],
  };
  await keys.start();
  await assert.rejects(letsIn(await rsa.sign()), refused('unauthenticated', /not signed by a key/));
  keys.close();
});

test('issuer and audience must be those of the settings', { timeout }, async () => {
  const { keys } = keysOf(ec);
  await keys.start();
  const signer = { keys, issuer: 'https://id.example', audience: 'cameras' };
  const auth = createAuth({ tokens: [], jwtSecret: '', signer });
  const claims = { iss: 'https://id.example', aud: ['other', 'cameras'] };
  await auth.authenticate({ token: await ec.sign(claims) });
  for (const [wrong, claim] of [
    [{ ...claims, aud: 'other' }, 'aud'],
    [{ ...claims, aud: undefined }, 'aud'],
    [{ ...claims, iss: 'https://id.example.evil' }, 'iss'],
  ] as const)
    await assert.rejects(
      async () => auth.authenticate({ token: await ec.sign(wrong) }),
      refused('unauthenticated', new RegExp(`claim "${claim}"`)),
    );
  keys.close();
});

test('a new key is found when the first token comes that it signed', { timeout }, async () => {
  const { clock, source, keys, letsIn } = keysOf(ec);
  await keys.start();
  clock.spend(COOL_DOWN_MS);
  source.set = keySetOf(ec, next);
  const tokens = await Promise.all([next.sign(), next.sign(), ec.sign()]);
  await Promise.all(tokens.map(letsIn));
  assert.equal(source.asked, 2, 'once for both');
  keys.close();
});

test(
  'a key that nobody knows has the signer asked once in a cool-down, and keeps nobody else out',
  { timeout },
  async () => {
    const { clock, source, keys, letsIn } = keysOf(ec);
    await keys.start();
    const strange = await next.sign();
    const known = await ec.sign();
    for (let i = 0; i < 20; i++) {
      clock.spend(COOL_DOWN_MS / 10);
      await assert.rejects(letsIn(strange), refused('unauthenticated', /not signed by a key/));
      await letsIn(known);
    }
    assert.equal(source.asked, 3);
    keys.close();
  },
);

test('a key that is withdrawn is refused after the next refresh', { timeout }, async () => {
  const { clock, source, keys, letsIn } = keysOf(rsa, ec);
  await keys.start();
  source.set = keySetOf(rsa);
  await clock.advance(REFRESH_MS);
  await assert.rejects(letsIn(await ec.sign()), refused('unauthenticated', /not signed by a key/));
  await letsIn(await rsa.sign());
  keys.close();
  assert.equal(clock.pending, 0);
});

test(
  'a signer that is down keeps nobody out for a day, and is asked again every half minute',
  { timeout },
  async () => {
    const { clock, source, problems, keys, letsIn } = keysOf(ec);
    await keys.start();
    source.down = true;
    await clock.advance(REFRESH_MS + 10 * COOL_DOWN_MS);
    assert.equal(problems.length, 11);
    const claims = { exp: Math.floor(Date.now() / 1000) + 60 };
    await letsIn(await ec.sign(claims));
    clock.spend(MAX_AGE_MS);
    await assert.rejects(letsIn(await ec.sign(claims)), refused('keys_unavailable', /cannot be had now/));
    source.down = false;
    await clock.advance(COOL_DOWN_MS);
    await letsIn(await ec.sign(claims));
    keys.close();
  },
);

test('before there are keys nobody is told that a token is wrong', { timeout }, async () => {
  const { clock, source, keys, letsIn } = keysOf(ec);
  source.down = true;
  assert.equal(await keys.start(), false);
  await assert.rejects(letsIn(await ec.sign()), refused('keys_unavailable', /try later/));
  source.down = false;
  await clock.advance(COOL_DOWN_MS);
  await letsIn(await ec.sign());
  keys.close();
});

async function serve(t: TestContext, listener: RequestListener): Promise<URL> {
  const server = createServer(listener).listen(0, '127.0.0.1');
  t.after(() => {
    server.closeAllConnections();
    server.close();
  });
  await once(server, 'listening');
  const address = server.address();
  assert.ok(address !== null && typeof address === 'object');
  return new URL(`http://127.0.0.1:${address.port}/keys?token=hunter2`);
}

test(
  'keys are taken from an answer of a bounded size, and no redirect is followed',
  { timeout },
  async (t) => {
    const set = JSON.stringify(keySetOf(rsa, ec));
    assert.equal((await loadJwks(await serve(t, (_, answer) => answer.end(set)))).keys.length, 2);
    let led = 0;
    const elsewhere = await serve(t, (_, answer) => {
      led++;
      answer.end(set);
    });
    for (const [listener, message] of [
      [
        (_, answer) => answer.writeHead(302, { Location: elsewhere.href }).end(),
        /^was answered with status 302/,
      ],
      [(_, answer) => answer.writeHead(500).end(set), /status 500/],
      [(_, answer) => answer.end('<html>'), /^is not JSON$/],
      [(_, answer) => answer.end('{"keys": 7}'), /holds no JSON Web Key Set/],
      [(_, answer) => answer.end('{"keys": [7]}'), /holds no JSON Web Key Set/],
      [(_, answer) => answer.end(`{"keys": [], "pad": "${'x'.repeat(300_000)}"}`), /^is larger than/],
      [(_, answer) => answer.destroy(), /^cannot be reached/],
    ] as [RequestListener, RegExp][]) {
      const url = await serve(t, listener);
      await assert.rejects(loadJwks(url), (error: unknown) => {
        assert.ok(error instanceof Error);
        assert.match(error.message, message);
        assert.ok(!error.message.includes('hunter2') && !error.message.includes('127.0.0.1'));
        return true;
      });
    }
    assert.equal(led, 0);
  },
);

test('keys of a file are looked at before the start', { timeout }, async (t) => {
  const path = join(tempFolder(t), 'keys.json');
  const url = pathToFileURL(path);
  await assert.rejects(checkJwksFile(url), { message: `JWT_JWKS_URL: ${path} cannot be read (ENOENT)` });
  writeFileSync(path, 'keys');
  await assert.rejects(checkJwksFile(url), { message: `JWT_JWKS_URL: ${path} is not JSON` });
  writeFileSync(path, JSON.stringify(keySetOf(ec)));
  await checkJwksFile(url);
  assert.equal((await loadJwks(url)).keys.length, 1);
});
