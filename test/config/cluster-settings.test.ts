import assert from 'node:assert/strict';
import { test } from 'node:test';
import { loadConfig } from '../../src/config/settings.js';
import { ConfigError } from '../../src/shared/errors.js';

const timeout = 30_000;

function problemOf(env: NodeJS.ProcessEnv): string {
  try {
    loadConfig(env);
  } catch (error) {
    assert.ok(error instanceof ConfigError);
    return error.problems.join('\n');
  }
  return '';
}

test('without NATS_URL a node is alone, whatever its name', { timeout }, () => {
  const config = loadConfig({});
  assert.equal(config.NATS_URL, null);
  assert.match(config.NODE_NAME, /^[A-Za-z0-9_-]{1,64}$/, 'the name of the host, as NATS takes it');
});

test('NATS_URL names servers, with or without port, user and TLS', { timeout }, () => {
  assert.deepEqual(loadConfig({ NATS_URL: 'nats://a, nats://b.lan:4333/,nats://[::1]:1' }).NATS_URL, {
    servers: ['a:4222', 'b.lan:4333', '[::1]:1'],
    tls: false,
    user: '',
    password: '',
  });
  assert.deepEqual(loadConfig({ NATS_URL: 'tls://wall:p%40ss:word@nats.lan' }).NATS_URL, {
    servers: ['nats.lan:4222'],
    tls: true,
    user: 'wall',
    password: 'p@ss:word',
  });
});

test('a NATS_URL that is none is refused, and never shown: it may hold a password', { timeout }, () => {
  for (const url of [
    'nats.lan:4222',
    'http://nats.lan',
    'nats://u:secretpw@',
    'nats://a:70000',
    'nats://a,tls://b',
    'nats://u:secretpw%@h',
    'nats://a,,b',
    'nats://a/secretpw',
  ]) {
    const problem = problemOf({ NATS_URL: url });
    assert.match(problem, /^NATS_URL=\*\*\*: (must be|write %)/, url);
    assert.doesNotMatch(problem, /secretpw/);
  }
});

test('names that become part of a subject hold nothing that NATS would read otherwise', { timeout }, () => {
  for (const name of ['CLUSTER_NAME', 'NODE_NAME'])
    for (const value of ['a.b', 'a b', '*', '>', 'ä', 'x'.repeat(65)])
      assert.match(problemOf({ [name]: value }), new RegExp(`^${name}=`), `${name} ${value}`);
  assert.match(problemOf({ NODE_SITE: 'north wing' }), /^NODE_SITE=/);
  assert.match(problemOf({ NODE_ROLE: 'master' }), /^NODE_ROLE=.*must be one of: both, owner, edge/);
  assert.match(problemOf({ CLUSTER_SECRET: 'short' }), /^CLUSTER_SECRET=\*\*\*: must have at least 16/);
});

test('settings that contradict each other are named', { timeout }, () => {
  const NATS_URL = 'nats://a';
  assert.match(problemOf({ NATS_URL, NATS_USER: 'u', NATS_TOKEN: 't' }), /NATS_USER and NATS_TOKEN: set one/);
  assert.match(problemOf({ NATS_URL: 'nats://u:p@a', NATS_TOKEN: 't' }), /NATS_URL: has a user already/);
  assert.match(problemOf({ NATS_URL, NATS_PASSWORD: 'p' }), /NATS_PASSWORD: needs NATS_USER/);
  assert.match(problemOf({ NATS_URL, NATS_CERT_FILE: 'c' }), /NATS_CERT_FILE and NATS_KEY_FILE: set both/);
  assert.match(problemOf({ NATS_TOKEN: 't' }), /NATS_TOKEN: does nothing without NATS_URL/);
});
