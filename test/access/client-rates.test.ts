import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ClientRates } from '../../src/access/client-rates.js';

const timeout = 30_000;

test('a rate forgets the address that was heard of longest ago', { timeout }, () => {
  const rates = new ClientRates(1, 0);
  assert.equal(rates.take('first', 0), true);
  assert.equal(rates.has('first', 0), false);
  for (let i = 0; i < 10_000; i++) rates.take(`other ${i}`, 0);
  assert.equal(rates.has('first', 0), true);
  assert.equal(rates.has('other 9999', 0), false);
});
