import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { test } from 'node:test';
import fc from 'fast-check';
import {
  authorization,
  challengeName,
  parseChallenges,
  type Challenge,
} from '../../src/rtsp/messages/authentication.js';
import { Authenticator } from '../../src/rtsp/messages/authenticator.js';
import type { RtspResponse } from '../../src/rtsp/messages/message-syntax.js';
import { cpuMs } from '../support/cpu-time.js';

const timeout = 30_000;
const USER = { username: 'viewer', password: 'p+a%2B@ü' };

function strongest(...headers: readonly string[]): Challenge {
  const [best] = parseChallenges(headers).known;
  assert.ok(best);
  return best;
}

const refusal = (...offers: readonly string[]): RtspResponse => ({
  kind: 'response',
  status: 401,
  reason: 'Unauthorized',
  headers: offers.map((offer) => ['www-authenticate', offer] as const),
  body: '',
});

// RFC 7616, 3.9.1; RFC 2617, 3.5.
const MUFASA = { username: 'Mufasa', password: 'Circle of Life' };
for (const [algorithm, response] of [
  ['MD5', '8ca523f5e9506fed4657c9700eebdbec'],
  ['SHA-256', '753927fa0e85d155564e2e272a28d1802ca10daf4496794697cf8db5856cb6c1'],
] as const) {
  test(`the ${algorithm} answer is that of the example in RFC 7616, 3.9.1`, { timeout }, () => {
    const challenge = strongest(
      `Digest realm="http-auth@example.org", qop="auth, auth-int", algorithm=${algorithm}, ` +
        'nonce="7ypf/xlj9XXwfDPEoM4URrv/xwf94BcCAzFZH4GiTo0v", opaque="FQhe/qaU925kfnzjCev0ciny7QMkPqMAFRtzCUYo5tdS"',
    );
    const header = authorization(
      challenge,
      MUFASA,
      'GET',
      '/dir/index.html',
      1,
      'f2/wE4q74E6zIJEtWaHKaf5wv/H5QzzpXusqGemxURZJ',
    );
    assert.match(header, new RegExp(`response="${response}"`));
    assert.match(header, /qop=auth, nc=00000001, cnonce="f2/);
    assert.match(header, /opaque="FQhe/);
  });
}

test(
  'an answer without qop is that of RFC 2069, and names no algorithm where the camera named none',
  { timeout },
  () => {
    const md5 = (text: string): string => createHash('md5').update(text).digest('hex');
    const challenge = strongest('Digest realm="cam", nonce="n1"');
    const expected = md5(`${md5('viewer:cam:p+a%2B@ü')}:n1:${md5('PLAY:rtsp://cam/x')}`);
    assert.equal(
      authorization(challenge, USER, 'PLAY', 'rtsp://cam/x'),
      `Digest username="viewer", realm="cam", nonce="n1", uri="rtsp://cam/x", response="${expected}"`,
    );
  },
);

test('the -sess variants put the client nonce into the secret', { timeout }, () => {
  const sha = (text: string): string => createHash('sha256').update(text).digest('hex');
  const challenge = strongest('Digest realm="cam", nonce="n", algorithm="SHA-256-sess", qop="auth"');
  const ha1 = sha(`${sha('viewer:cam:p+a%2B@ü')}:n:c`);
  const header = authorization(challenge, USER, 'PLAY', '/', 2, 'c');
  assert.match(header, new RegExp(`response="${sha(`${ha1}:n:00000002:c:auth:${sha('PLAY:/')}`)}"`));
  assert.match(header, /algorithm="SHA-256-sess"/);
});

test('a realm that is not UTF-8 goes back byte for byte', { timeout }, () => {
  const header = authorization(strongest('Digest realm="K\xfcche \\"1\\"", nonce="n"'), USER, 'PLAY', '/');
  assert.ok(header.includes('realm="K\xfcche \\"1\\""'));
});

test('a password goes to Basic as UTF-8, with its + and %', { timeout }, () => {
  const header = authorization(strongest('Basic realm="x"'), USER, 'PLAY', '/');
  assert.equal(Buffer.from(header.slice(6), 'base64').toString('utf8'), 'viewer:p+a%2B@ü');
});

const MD5 = 'Digest realm="a, b", nonce="1"';
const SHA = 'Digest realm="cam", nonce="2", algorithm="SHA-256", stale="FALSE"';
const BASIC = 'Basic realm="cam"';
for (const [what, offers, wanted] of [
  ['MD5 before SHA-256', [MD5, SHA], 'Digest SHA-256'],
  ['SHA-256 before MD5', [SHA, MD5], 'Digest SHA-256'],
  ['SHA-256 alone', [SHA], 'Digest SHA-256'],
  ['Basic before SHA-256', [BASIC, SHA], 'Digest SHA-256'],
  ['all in one header', [`${BASIC}, ${MD5}, Negotiate, ${SHA}`], 'Digest SHA-256'],
  ['Basic before MD5', [BASIC, MD5], 'Digest MD5'],
  ['Basic beside an unknown algorithm', ['Digest realm="x", nonce="3", algorithm=ROT13', BASIC], 'Basic'],
  ['MD5-sess', ['digest Realm=cam,Nonce=abc,Algorithm=MD5-sess'], 'Digest MD5-sess'],
] as const) {
  test(`of ${what} the strongest that is known is answered`, { timeout }, () => {
    assert.equal(challengeName(strongest(...offers)), wanted);
  });
}

test('challenges without end are cut', { timeout }, () => {
  assert.equal(parseChallenges([Array(5000).fill(BASIC).join(', ')]).known.length, 16);
});

test('no header makes the parser of challenges fail or take long', { timeout }, () => {
  fc.assert(
    fc.property(fc.array(fc.string({ maxLength: 200 })), (headers) => {
      parseChallenges([...headers, `Digest ${headers.join('"')}`]);
    }),
  );
  const begin = cpuMs();
  parseChallenges([`Digest ${'"\\'.repeat(15_000)}`, 'a='.repeat(15_000), ' '.repeat(30_000)]);
  assert.ok(cpuMs() - begin < 1000);
});

test('a new nonce is answered at any request, the same one refused', { timeout }, () => {
  const auth = new Authenticator(USER);
  assert.equal(auth.header('OPTIONS', '/'), null);
  assert.equal(auth.challenged(refusal(MD5), 'none').kind, 'retry');
  assert.match(auth.header('OPTIONS', '/') ?? '', /nonce="1"/);
  assert.equal(auth.challenged(refusal('Digest realm="x", nonce="7"'), 'earlier').kind, 'retry');
  assert.match(auth.header('PLAY', '/') ?? '', /nonce="7"/);
  assert.equal(auth.challenged(refusal('Digest realm="x", nonce="7"'), 'earlier').kind, 'refused');
});

test(
  'an answer to a fresh nonce that is refused is final, unless the nonce is called stale',
  { timeout },
  () => {
    const auth = new Authenticator(USER);
    auth.challenged(refusal(MD5), 'none');
    assert.equal(auth.challenged(refusal('Digest realm="x", nonce="7", stale=true'), 'fresh').kind, 'retry');
    assert.deepEqual(auth.challenged(refusal('Digest realm="x", nonce="8"'), 'fresh'), {
      kind: 'refused',
      detail: 'by Digest MD5',
    });
  },
);

test('refused Basic is final', { timeout }, () => {
  const auth = new Authenticator(USER);
  auth.challenged(refusal(BASIC), 'none');
  assert.equal(auth.challenged(refusal(BASIC), 'earlier').kind, 'refused');
});

test('the count of requests with one nonce grows, and begins again with the next', { timeout }, () => {
  const auth = new Authenticator(USER);
  auth.challenged(refusal('Digest realm="x", nonce="1", qop="auth"'), 'none');
  for (const count of ['01', '02', '03'])
    assert.match(auth.header('A', '/') ?? '', new RegExp(`nc=000000${count}`));
  auth.challenged(refusal('Digest realm="x", nonce="2", qop="auth"'), 'earlier');
  assert.match(auth.header('A', '/') ?? '', /nc=00000001/);
});

test('without credentials, and without a known scheme, it says so', { timeout }, () => {
  assert.match(
    JSON.stringify(new Authenticator(null).challenged(refusal(MD5), 'none')),
    /no user and password/,
  );
  const verdict = new Authenticator(USER).challenged(refusal('Negotiate', 'NTLM abc=='), 'none');
  assert.match(JSON.stringify(verdict), /asks for Negotiate, NTLM/);
});
