import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { descendantsOf, isAlive } from '../../bench/lib/proc.js';
import { until } from '../support/until.js';
import { freePort } from '../support/free-port.js';

const DEMO = fileURLToPath(new URL('../../bench/demo/main.js', import.meta.url));
const timeout = 60_000;

test('a demo that is killed leaves neither service nor cameras nor FFmpeg behind', { timeout }, async (t) => {
  const port = await freePort();
  const demo = spawn(process.execPath, [DEMO, '--cameras', '1', '--port', String(port)], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const left = new Set<number>();
  t.after(() => {
    demo.kill('SIGKILL');
    for (const pid of left) if (isAlive(pid)) process.kill(pid, 'SIGKILL');
  });
  let out = '';
  demo.stdout.setEncoding('utf8').on('data', (text: string) => (out += text));
  await until('the wall is announced', () => out.includes('The wall is at'), 30_000);
  const picture = await fetch(`http://127.0.0.1:${port}/snapshot?camera_index=cam1`);
  assert.equal(picture.status, 200);
  await picture.arrayBuffer();
  for (const { pid } of descendantsOf(demo.pid ?? 0)) left.add(pid);
  assert.ok(left.size >= 3, `service, cameras and FFmpeg run: ${left.size}`);

  demo.kill('SIGKILL');
  await until('all of it is gone', () => [...left].every((pid) => !isAlive(pid)), 20_000);
});
