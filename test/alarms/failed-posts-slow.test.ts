import assert from 'node:assert/strict';
import { readdirSync } from 'node:fs';
import { test } from 'node:test';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { post } from '../../src/alarms/webhook/webhook-post.js';
import { createAddressPolicy } from '../../src/source/address-policy.js';
import { startReceiver } from './receiver.js';

setFlagsFromString('--expose-gc');
const collect = runInNewContext('gc') as () => void;

test('thousands of failed requests leave no heap and no socket behind', { timeout: 60_000 }, async (t) => {
  const policy = createAddressPolicy({ allow: [], deny: [] });
  const receiver = await startReceiver(t, () => 302);
  const ports = [1, receiver.port];
  const signal = new AbortController().signal;
  const fail = async (count: number): Promise<void> => {
    for (let i = 0; i < count; i++) {
      const url = { secure: false, host: '127.0.0.1', port: ports[i % 2] ?? 1, path: '/', auth: null };
      const outcome = await post(url, '{}', {}, { policy, timeoutMs: 60_000, signal });
      assert.equal(outcome.kind, 'failed');
    }
  };
  const measure = (): { heap: number; descriptors: number } => {
    receiver.requests.length = 0;
    collect();
    return { heap: process.memoryUsage().heapUsed, descriptors: readdirSync('/proc/self/fd').length };
  };
  await fail(500);
  const before = measure();
  await fail(3000);
  const after = measure();
  assert.ok(after.heap - before.heap < 1.5e6, `${after.heap - before.heap} bytes`);
  assert.ok(after.descriptors - before.descriptors < 5);
});
