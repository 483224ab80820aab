import assert from 'node:assert/strict';
import { test } from 'node:test';
import { validateKey } from '@nats-io/kv/internal';
import { streamKeyToToken, tokenToStreamKey } from '../../src/cluster/bus/stream-key.js';

const timeout = 30_000;

test('a stream key becomes one token that NATS takes as a key, and comes back', { timeout }, () => {
  for (const key of ['door', 'door.1', 'a..b', 'A-b_c.', 'door~main', 'x.y~main', 'c'.repeat(64) + '~main']) {
    const token = streamKeyToToken(key);
    validateKey(token);
    assert.doesNotMatch(token, /[.~*> ]/, key);
    assert.equal(tokenToStreamKey(token), key);
  }
});

test('what spells no stream key is none', { timeout }, () => {
  for (const token of ['', '=2E', 'a.b', 'a b', 'a=7E', 'a=7Eother', 'a=41', 'a'.repeat(65), '*', '>', 'ä'])
    assert.equal(tokenToStreamKey(token), null, token);
});
