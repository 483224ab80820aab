import assert from 'node:assert/strict';
import { test } from 'node:test';
import { shown, socketFault, statusFault, withoutSecrets } from '../../src/rtsp/camera-faults.js';

const timeout = 30_000;

for (const [username, password, text, hidden] of [
  ['operator', 's+e/1', 'operator with s+e/1 or s%2Be%2F1', '*** with *** or ***'],
  ['operator', 'x.y*', 'Basic b3BlcmF0b3I6eC55Kg==', 'Basic ***'],
  ['a', 'p', 'a camera: user a, key is p, A/P', '*** camera: user ***, key is ***, ***/***'],
  ['', '', 'nothing to hide', 'nothing to hide'],
  ['admin', '', 'rtsp://admin:@cam/ asks admin', 'rtsp://***@cam/ asks ***'],
] as const)
  test(`"${text}" shows neither user nor password`, { timeout }, () => {
    assert.equal(withoutSecrets(text, { username, password }), hidden);
  });

test('URLs lose their credentials also where none are known', { timeout }, () => {
  assert.equal(
    withoutSecrets('to rtsp://u:p@10.0.0.9/x?token=1', null),
    'to rtsp://***@10.0.0.9/x?token=***',
  );
});

test('texts for people are short and printable', { timeout }, () => {
  assert.equal(shown(`\x1b[2J${'x'.repeat(200)}`, null), `?[2J${'x'.repeat(76)}`);
});

for (const [code, phase, fault] of [
  ['ECONNREFUSED', 'connecting', 'refused'],
  ['EHOSTUNREACH', 'connecting', 'unreachable'],
  ['ETIMEDOUT', 'connecting', 'open_timeout'],
  ['EINVAL', 'connecting', 'unreachable'],
  ['ERR_SSL_WRONG_VERSION_NUMBER', 'TLS', 'protocol'],
  ['ECONNRESET', 'TLS', 'disconnected'],
  ['ECONNRESET', 'open', 'disconnected'],
  ['ETIMEDOUT', 'open', 'disconnected'],
] as const)
  test(`${code} while ${phase} is told as ${fault}`, { timeout }, () => {
    assert.equal(socketFault(Object.assign(new Error('x'), { code }), phase).code, fault);
  });

test(
  'a status that nobody knows is a matter of the camera from 500 on, else of the protocol',
  { timeout },
  () => {
    const fault = (status: number): string =>
      statusFault('PLAY', { kind: 'response', status, reason: '', headers: [], body: '' }).code;
    assert.deepEqual([405, 451, 505, 599].map(fault), ['protocol', 'protocol', 'protocol', 'unavailable']);
  },
);
