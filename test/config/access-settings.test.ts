import assert from 'node:assert/strict';
import { test } from 'node:test';
import { loadConfig } from '../../src/config/settings.js';
import { ConfigError } from '../../src/shared/errors.js';

const timeout = 30_000;

function problemsOf(env: Record<string, string>): string {
  try {
    loadConfig(env);
  } catch (error) {
    assert.ok(error instanceof ConfigError, String(error));
    return error.problems.join('\n');
  }
  return assert.fail('was accepted');
}

test('BASE_PATH is a path, with or without a slash at its end', { timeout }, () => {
  for (const [given, path] of [
    ['', ''],
    ['/', ''],
    ['/cameras', '/cameras'],
    ['/cameras/', '/cameras'],
    ['/site-1/cams_2~x', '/site-1/cams_2~x'],
  ])
    assert.equal(loadConfig({ BASE_PATH: given }).BASE_PATH, path, given);
  for (const wrong of [
    'cameras',
    '//evil.example',
    '/a//b',
    '/a/../b',
    '/./a',
    '/a b',
    '/a?b',
    '/%61',
    '/a"b',
  ])
    assert.match(problemsOf({ BASE_PATH: wrong }), /BASE_PATH=.*must be a path like/, wrong);
  for (const own of ['/api', '/view/x', '/wall', '/ws/'])
    assert.match(problemsOf({ BASE_PATH: own }), /path of the service itself/, own);
});

test('TRUSTED_PROXIES are addresses and ranges, and never everybody', { timeout }, () => {
  const { TRUSTED_PROXIES: ranges } = loadConfig({ TRUSTED_PROXIES: '10.0.0.0/8, 192.0.2.1,fd00::/8' });
  assert.deepEqual(
    ranges.map(({ prefix }) => prefix),
    [8, 32, 8],
  );
  for (const wrong of ['proxy.lan', '10.0.0.0/33', '10.1', '*'])
    assert.match(problemsOf({ TRUSTED_PROXIES: `10.0.0.1,${wrong}` }), /is no address/, wrong);
  for (const everybody of ['0.0.0.0/0', '::/0'])
    assert.match(problemsOf({ TRUSTED_PROXIES: everybody }), /is everybody/);
});

test('a person is named by a header of its own, and only where proxies are trusted', { timeout }, () => {
  const trusted = { TRUSTED_PROXIES: '10.0.0.1' };
  assert.equal(
    loadConfig({ ...trusted, AUTH_PROXY_HEADER: 'X-Forwarded-User' }).AUTH_PROXY_HEADER,
    'x-forwarded-user',
  );
  assert.match(problemsOf({ AUTH_PROXY_HEADER: 'Remote-User' }), /needs TRUSTED_PROXIES/);
  assert.match(problemsOf({ AUTH_PROXY_GROUPS_HEADER: 'Remote-Groups' }), /without AUTH_PROXY_HEADER/);
  for (const wrong of ['X-Forwarded-For', 'Cookie', 'host', 'Forwarded'])
    assert.match(problemsOf({ ...trusted, AUTH_PROXY_HEADER: wrong }), /another meaning/, wrong);
  assert.match(problemsOf({ ...trusted, AUTH_PROXY_HEADER: 'Remote User' }), /name of a header/);
});

test('keys come from https, http or a file, and their address holds no password', { timeout }, () => {
  for (const url of ['https://id.example/keys', 'http://10.0.0.1:8080/jwks', 'file:///etc/keys.json'])
    assert.equal(loadConfig({ JWT_JWKS_URL: url }).JWT_JWKS_URL?.href, url);
  for (const wrong of ['id.example', 'ftp://id.example/x', 'https://user:hunter2@id.example/keys']) {
    const problems = problemsOf({ JWT_JWKS_URL: wrong });
    assert.match(problems, /JWT_JWKS_URL=\*\*\*: must be https/);
    assert.ok(!problems.includes('hunter2'));
  }
  for (const name of ['JWT_ISSUER', 'JWT_AUDIENCE'])
    assert.match(problemsOf({ [name]: 'x' }), /does nothing without JWT_JWKS_URL/);
});
