import assert from 'node:assert/strict';
import { once } from 'node:events';
import { test } from 'node:test';
import { Worker } from 'node:worker_threads';
import { fromLibc } from '../../src/shared/libc.js';

const timeout = 30_000;

test('a function of libc is called, also in another thread', { timeout }, async (t) => {
  const getpid = fromLibc((libc) => libc.func('int getpid()') as () => number);
  assert.equal(getpid()?.(), process.pid);
  const module = JSON.stringify(new URL('../../src/shared/libc.js', import.meta.url).href);
  const script = `import(${module}).then(({ fromLibc }) => {
    require('node:worker_threads').parentPort.postMessage(fromLibc((libc) => libc.func('int getpid()'))()());
  })`;
  const thread = new Worker(script, { eval: true });
  t.after(() => thread.terminate());
  assert.deepEqual(await once(thread, 'message'), [process.pid]);
});

test('it is looked for at the first use and once, also where it is not to be had', { timeout }, () => {
  let tries = 0;
  const missing = fromLibc((libc) => {
    tries++;
    return libc.func('int no_such_function_in_libc()');
  });
  assert.equal(tries, 0);
  assert.deepEqual([missing(), missing()], [null, null]);
  assert.equal(tries, 1);
});
