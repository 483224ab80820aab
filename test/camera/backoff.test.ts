import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Backoff } from '../../src/camera/life/backoff.js';

const timeout = 30_000;

test(
  'a backoff never exceeds its longest pause and a fifth, also after a thousand failures',
  { timeout },
  () => {
    const backoff = new Backoff({ minMs: 1000, maxMs: 30_000, holdMs: 300_000 }, () => 1);
    for (let i = 0; i < 2000; i++) assert.ok(backoff.next('refused', 0) <= 36_000);
    assert.equal(backoff.next('unauthorized', 0), 360_000);
  },
);

test('a hold is never shorter than asked for', { timeout }, () => {
  const backoff = new Backoff({ minMs: 1000, maxMs: 30_000, holdMs: 300_000 }, () => 0);
  assert.equal(backoff.next('forbidden', 0), 300_000);
});
