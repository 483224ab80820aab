import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { test } from 'node:test';

const MODULE = new URL('../../bench/lib/interruption.js', import.meta.url).href;
const BENCH = `
  const { interruption, INTERRUPTED_STATUS } = await import('${MODULE}');
  const interrupted = interruption();
  const running = setInterval(() => undefined, 1000);
  interrupted.addEventListener('abort', () => {
    clearInterval(running);
    console.log('verdict');
    process.exitCode = INTERRUPTED_STATUS;
  });
  console.log('runs');`;

for (const signal of ['SIGINT', 'SIGTERM'] as const)
  test(`a bench that gets ${signal} still tells its verdict`, { timeout: 30_000 }, async (t) => {
    const bench = spawn(process.execPath, ['--input-type=module', '--eval', BENCH]);
    t.after(() => bench.kill('SIGKILL'));
    let said = '';
    bench.stdout.on('data', (text) => (said += String(text)));
    await once(bench.stdout, 'data');
    bench.kill(signal);
    assert.deepEqual(await once(bench, 'close'), [130, null]);
    assert.match(said, /^runs\n.*early.*\nverdict\n$/);
  });
