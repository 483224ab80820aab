import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { test, type TestContext } from 'node:test';
import { fileURLToPath } from 'node:url';

const main = fileURLToPath(new URL('../../src/main.js', import.meta.url));

/** A service on a port of its own choice; ended with the test. */
async function startService(t: TestContext): Promise<string> {
  const child = spawn(process.execPath, [main], {
    env: { ...process.env, HOST: '127.0.0.1', PORT: '0', LOG_LEVEL: 'info' },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  t.after(async () => {
    if (child.exitCode !== null) return;
    child.kill('SIGTERM');
    await once(child, 'exit');
  });
  for await (const line of createInterface({ input: child.stdout })) {
    const entry: unknown = JSON.parse(line);
    if (typeof entry !== 'object' || entry === null || !('event' in entry) || entry.event !== 'listening')
      continue;
    // Its later lines are not wanted, but must not fill the pipe.
    child.stdout.resume();
    assert.ok('port' in entry && typeof entry.port === 'number');
    return `http://127.0.0.1:${entry.port}`;
  }
  throw new Error('the service ended before it listened');
}

test('promtool has nothing to say about the metrics of a running service', { timeout: 30_000 }, async (t) => {
  const service = await startService(t);
  // A camera and a viewer that fail: their series are there too.
  await fetch(`${service}/snapshot?camera_index=cam&rtsp=${encodeURIComponent('rtsp://127.0.0.1:9/x')}`);
  const answer = await fetch(`${service}/metrics`);
  assert.equal(answer.status, 200);
  const text = await answer.text();
  assert.match(text, /rtsp_ws_camera_state\{camera="cam"/);
  const check = spawnSync('promtool', ['check', 'metrics'], {
    input: text,
    encoding: 'utf8',
    timeout: 10_000,
  });
  assert.equal(check.error, undefined, 'promtool is needed on PATH: apt-get install prometheus');
  assert.equal(`${check.stdout}${check.stderr}`.trim(), '');
  assert.equal(check.status, 0);
});
