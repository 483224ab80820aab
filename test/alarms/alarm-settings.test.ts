import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { checkReport } from '../../src/commands/check.js';
import { loadConfig } from '../../src/config/settings.js';
import { ConfigError } from '../../src/shared/errors.js';
import { tempFolder } from '../support/temp-folder.js';

const timeout = 30_000;

function problems(env: Readonly<Record<string, string>>): readonly string[] {
  try {
    loadConfig(env);
    return [];
  } catch (error) {
    assert.ok(error instanceof ConfigError);
    return error.problems;
  }
}

test('addresses of webhooks are taken apart', { timeout }, () => {
  const { WEBHOOK_URLS } = loadConfig({
    WEBHOOK_URLS: 'http://hooks.lan/a?b=c, https://u:p%40ss@Hooks.example:8443/x,http://[2001:db8::7]/',
  });
  assert.deepEqual(WEBHOOK_URLS, [
    { secure: false, host: 'hooks.lan', port: 80, path: '/a?b=c', auth: null },
    { secure: true, host: 'hooks.example', port: 8443, path: '/x', auth: 'u:p@ss' },
    { secure: false, host: '2001:db8::7', port: 80, path: '/', auth: null },
  ]);
});

test('a broker is taken apart, with its usual port', { timeout }, () => {
  assert.deepEqual(loadConfig({ MQTT_URL: 'mqtts://u:p%3A1@broker.lan' }).MQTT_URL, {
    ...{ tls: true, host: 'broker.lan', port: 8883, user: 'u', password: 'p:1' },
  });
  assert.equal(loadConfig({ MQTT_URL: 'mqtt://[::1]' }).MQTT_URL?.port, 1883);
});

for (const [what, env, expected] of [
  ['another scheme', { WEBHOOK_URLS: 'ftp://u:secretpw@h/' }, /^WEBHOOK_URLS=\*\*\*: must be http/],
  ['no address', { WEBHOOK_URLS: 'hooks.lan/secretpw' }, /^WEBHOOK_URLS=\*\*\*: must be http/],
  ['a bad %', { WEBHOOK_URLS: 'http://u:secretpw%zz@h/' }, /write % in user and password as %25/],
  ['eleven', { WEBHOOK_URLS: 'http://h/,'.repeat(11) }, /at most 10/],
  ['a short secret', { WEBHOOK_URLS: 'http://h/', WEBHOOK_SECRET: 'secretpw' }, /at least 24 characters/],
  ['a secret alone', { WEBHOOK_SECRET: 'secretpw'.repeat(4) }, /does nothing without WEBHOOK_URLS/],
  ['a list alone', { WEBHOOK_ALLOW: '10.0.0.0/8' }, /does nothing without WEBHOOK_URLS/],
  ['no broker', { MQTT_URL: 'tcp://u:secretpw@h' }, /^MQTT_URL=\*\*\*: must be mqtt:/],
  ['port 0', { MQTT_URL: 'mqtt://h:0' }, /must be mqtt:/],
  ['a user twice', { MQTT_URL: 'mqtt://u:secretpw@h', MQTT_USER: 'u' }, /has a user already/],
  ['no user', { MQTT_URL: 'mqtt://h', MQTT_PASSWORD: 'secretpw' }, /MQTT_PASSWORD: needs MQTT_USER/],
  ['TLS files without TLS', { MQTT_URL: 'mqtt://h', MQTT_CA_FILE: 'x' }, /needs mqtts/],
  ['no key', { MQTT_URL: 'mqtts://h', MQTT_CERT_FILE: 'x' }, /set both, or neither/],
  ['a wildcard', { MQTT_URL: 'mqtt://h', MQTT_TOPIC: 'a/#' }, /at most 5 parts/],
  ['pictures too often', { MQTT_URL: 'mqtt://h', MQTT_PICTURE_MS: '999' }, /must be 0, or at least 1000/],
] as const)
  test(`settings of alarms: ${what} is refused, without a secret in the message`, { timeout }, () => {
    const [first = '', ...others] = problems(env);
    assert.match(first, expected);
    assert.deepEqual(others, []);
    assert.doesNotMatch(first, /secretpw/);
  });

test(
  '--check names files that are none, hosts that are denied and entries that are wrong',
  { timeout },
  async (t) => {
    const file = join(tempFolder(t), 'ca.pem');
    writeFileSync(file, 'no PEM');
    const config = loadConfig({
      MQTT_URL: 'mqtts://broker.lan',
      MQTT_CA_FILE: file,
      MQTT_CERT_FILE: '/no/such/file',
      MQTT_KEY_FILE: '/no/such/file',
      WEBHOOK_URLS: 'http://169.254.169.254/latest?token=secretpw',
      TLS_CERT_FILE: '/no/such/file',
      TLS_KEY_FILE: '/no/such/file',
      WEBHOOK_ALLOW: 'not a range',
    });
    await assert.rejects(checkReport(config, { cameras: [], views: [], groups: [] }), (error) => {
      assert.ok(error instanceof ConfigError);
      const text = error.problems.join('\n');
      assert.match(text, /^WEBHOOK_ALLOW: "not a range" is no address/m);
      assert.match(text, /^WEBHOOK_URLS: host 1, 169\.254\.169\.254, is a cloud metadata address/m);
      assert.match(text, /^MQTT_CA_FILE=.*: holds no certificate in PEM$/m);
      assert.match(text, /^TLS_CERT_FILE=/m);
      assert.match(text, /^MQTT_CERT_FILE=.*: cannot be read$/m);
      assert.doesNotMatch(text, /secretpw/);
      return true;
    });
  },
);

test('--check says who would be told, without more than hosts', { timeout }, async () => {
  const config = loadConfig({
    WEBHOOK_URLS: 'https://u:secretpw@hooks.lan/secretpw?token=secretpw',
    MQTT_URL: 'mqtts://u:secretpw@broker.lan',
  });
  const report = await checkReport(config, { cameras: [], views: [], groups: [] });
  assert.match(
    report,
    /^ {2}alarms after 15 s: webhook hooks\.lan \(not signed\), MQTT broker\.lan:8883 below rtsp-ws\/$/m,
  );
  assert.doesNotMatch(report, /secretpw/);
  assert.doesNotMatch(await checkReport(loadConfig({}), { cameras: [], views: [], groups: [] }), /alarms/);
});
