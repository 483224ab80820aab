import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { redact } from '../../src/shared/redact.js';

const timeout = 30_000;
const SECRET = 'S3cr3t-Hunter2';

for (const text of [
  `rtsp://admin:${SECRET}@10.0.0.7/x`,
  `rtsp://${SECRET}@10.0.0.7/x`,
  `RTSPS://admin:${SECRET}@10.0.0.7/x`,
  `rtsp://admin:a@${SECRET}@10.0.0.7/x`,
  `rtsp://admin:a/${SECRET}@10.0.0.7/x`,
  `rtsp://admin:a?${SECRET}@10.0.0.7/x`,
  `rtsp://admin:a#${SECRET}@10.0.0.7/x`,
  `rtsp://admin:a ${SECRET}@10.0.0.7/x`,
  `rtsp://admin:${SECRET}%4010.0.0.7/x`,
  `[rtsp @ 0x55] rtsp://a:${SECRET}@h/x: Connection refused, then rtsp://b:${SECRET}@h/y`,
  `/ws?rtsp=rtsp%3A%2F%2Fadmin%3A${SECRET}%4010.0.0.7%2Fx&camera_index=1`,
  `/ws?rtsp=rtsp%3a%2f%2fadmin:${SECRET}@10.0.0.7%2Fx&camera_index=1`,
  `/ws?rtsp=rtsp%3A%2F%2Fh%2Fuser%3Da%26password%3D${SECRET}%26channel%3D1`,
  `https://user:${SECRET}@proxy.example/`,
  `/ws?camera_index=1&token=${SECRET}`,
  `token=${SECRET}&camera_index=1`,
  `?access_token=${SECRET}`,
  `rtsp://10.0.0.7/user=admin&password=${SECRET}&channel=1`,
  `rtsp://10.0.0.7/user=admin_password=${SECRET}_channel=1_stream=0.sdp`,
  `rtsp://10.0.0.7/x?user=a&pwd=${SECRET}`,
  `{"user":"a","password":"${SECRET}"}`,
  `{"token" : "${SECRET}"}`,
  `Authorization: Basic ${SECRET}`,
  `authorization: Digest username="admin", response="${SECRET}"`,
  `{"authorization":"Basic ${SECRET}"}`,
  `sent Bearer ${SECRET} to`,
  `token is eyJhbGciOiJIUzI1NiJ9.${SECRET}.${SECRET}`,
]) {
  test(`the secret is taken out of: ${text.slice(0, 70)}`, { timeout }, () => {
    const shown = redact(text);
    assert.ok(!shown.includes(SECRET), shown);
    assert.match(shown, /\*\*\*/);
  });
}

for (const text of [
  'rtsp://10.0.0.7:554/Streaming/Channels/101?transportmode=unicast&profile=Profile_1',
  'mail admin@example.org',
  '[rtsp @ 0x55e1] method DESCRIBE failed: 401 Unauthorized',
  'token is not in AUTH_TOKENS',
  'connection refused: check address and port',
  '',
]) {
  test(`nothing is taken out of: ${text}`, { timeout }, () => {
    assert.equal(redact(text), text);
  });
}

test('what is not secret stays readable beside what is', { timeout }, () => {
  assert.equal(redact('rtsp://u:p@10.0.0.7:554/x?y=1: failed'), 'rtsp://***@10.0.0.7:554/x?y=1: failed');
  assert.equal(
    redact('/ws?rtsp=rtsp%3A%2F%2Fu%3Ap%40cam%2Fx&camera_index=7&token=abc'),
    '/ws?rtsp=rtsp%3A%2F%2F***%40cam%2Fx&camera_index=7&token=***',
  );
  assert.equal(redact('{"authorization":"Basic abc","path":"/x"}'), '{"authorization":"***","path":"/x"}');
});

test('a JSON line is still JSON after redaction', { timeout }, () => {
  const line = JSON.stringify({
    url: 'rtsp://u:p@cam/x',
    authorization: 'Digest a="b"',
    password: 'p',
    level: 30,
  });
  assert.doesNotThrow(() => {
    JSON.parse(redact(line));
  });
});

const marked = fc
  .tuple(fc.string({ maxLength: 10 }), fc.string({ maxLength: 10 }))
  .map(([before, after]) => before + SECRET + after);
const host = fc.constantFrom('cam.lan', '10.0.0.7:554', '[::1]:8554');
const path = fc.constantFrom('', '/', '/Streaming/Channels/101?a=b&c=d', '/x;$(id)');
const around = fc.constantFrom('', ' ', 'Opening ', '"', "'", '(', '\n', 'url=', 'x: ');

test('any percent-encoded password of any URL is removed, wherever the URL stands', { timeout }, () => {
  fc.assert(
    fc.property(marked, host, path, around, around, (password, name, rest, before, after) => {
      const url = `rtsp://admin:${encodeURIComponent(password)}@${name}${rest}`;
      for (const text of [url, encodeURIComponent(url)]) {
        const shown = redact(before + text + after);
        assert.ok(!shown.includes(SECRET), shown);
        assert.equal(redact(shown), shown);
      }
    }),
    { numRuns: 500 },
  );
});

test('any raw password without white space is removed, whatever else it holds', { timeout }, () => {
  fc.assert(
    fc.property(marked, host, path, around, (raw, name, rest, before) => {
      const password = raw.replace(/\s/g, '');
      const shown = redact(`${before}rtsp://admin:${password}@${name}${rest}`);
      assert.ok(!shown.includes(SECRET), shown);
    }),
    { numRuns: 500 },
  );
});

test('hostile text costs time in proportion to its length', { timeout: 30_000 }, () => {
  const n = 200_000;
  for (const unit of [
    'a',
    'a.',
    'rtsp://',
    'rtsp%3a%2f%2f',
    '://',
    'x://',
    'eyJ',
    'eyJ-',
    'eyJ.',
    'token=',
    '"token" ',
    'bearer ',
    '@',
    'authorization:',
    '"authorization":"',
    '\\',
    ' ',
    '%26',
    'pass=%26',
  ]) {
    const text = unit.repeat(n / unit.length);
    const started = performance.now();
    redact(text);
    // Linear takes a few ms; quadratic would take minutes.
    assert.ok(performance.now() - started < 3000, unit);
  }
});
