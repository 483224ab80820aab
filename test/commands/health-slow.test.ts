import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { test, type TestContext } from 'node:test';
import { fileURLToPath } from 'node:url';
import { service } from '../support/rig.js';

const MAIN = fileURLToPath(new URL('../../src/main.js', import.meta.url));
const DOCKERFILE = fileURLToPath(new URL('../../../docker/Dockerfile', import.meta.url));
const timeout = 30_000;

/** `--health` as somebody outside runs it: its exit code and all that it wrote. */
async function health(
  t: TestContext,
  env: Readonly<Record<string, string>>,
  nodeFlags: readonly string[] = [],
) {
  const child = spawn(process.execPath, [...nodeFlags, MAIN, '--health'], { env });
  t.after(() => child.kill('SIGKILL'));
  let words = '';
  for (const stream of [child.stdout, child.stderr])
    stream.setEncoding('utf8').on('data', (text: string) => (words += text));
  const [code] = (await once(child, 'close')) as [number | null];
  return { code, words };
}

test(
  'the service that runs with the same settings is healthy; where none listens, none is',
  { timeout },
  async (t) => {
    const server = await service(t);
    const PORT = String(server.port);
    assert.deepEqual(await health(t, { PORT }), { code: 0, words: 'healthy\n' });
    assert.equal((await health(t, { PORT, HOST: '0.0.0.0' })).code, 0, 'everywhere is here as well');
    await server.stop();
    const after = await health(t, { PORT });
    assert.equal(after.code, 1);
    assert.match(after.words, /^unhealthy: connect ECONNREFUSED 127\.0\.0\.1:\d+\n$/);
    for (const [HOST, here] of [
      ['0.0.0.0', /^unhealthy: connect \w+ 127\.0\.0\.1:\d+\n$/],
      ['::', /^unhealthy: connect \w+ ::1:\d+( .*)?\n$/],
    ] as const) {
      const anywhere = await health(t, { PORT, HOST });
      assert.equal(anywhere.code, 1);
      assert.match(anywhere.words, here);
    }
  },
);

test('a server that fails, and one that never answers, are not healthy', { timeout }, async (t) => {
  let status = 503;
  const server = createServer((_, response) => {
    if (status > 0) response.writeHead(status).end();
  }).listen(0, '127.0.0.1');
  t.after(() => {
    server.close();
    server.closeAllConnections();
  });
  await once(server, 'listening');
  const PORT = String((server.address() as AddressInfo).port);
  assert.deepEqual(await health(t, { PORT }), { code: 1, words: 'unhealthy: /healthz answered 503\n' });
  status = 0;
  assert.deepEqual(await health(t, { PORT }), { code: 1, words: 'unhealthy: no answer within 4000 ms\n' });
});

test('settings that are wrong are said in one line, and are not healthy', { timeout }, async (t) => {
  const { code, words } = await health(t, { PORT: 'high', MAX_CAMERAS: '0' });
  assert.equal(code, 1);
  assert.match(words, /^unhealthy: PORT="high": [^\n]+; MAX_CAMERAS="0": [^\n]+\n$/);
});

test('with PORT=0 it asks no other port, and says so', { timeout }, async (t) => {
  assert.deepEqual(await health(t, { PORT: '0' }), {
    code: 1,
    words: 'unhealthy: PORT=0 lets the system choose: set the port that is to be asked\n',
  });
});

// It runs every ten seconds, and takes 0.15 s of a core; the service's modules alone take 0.4.
test('it loads nothing of the service', { timeout }, async (t) => {
  const listAddons = `process.on('exit', () => {
    for (const file of process.report.getReport().sharedObjects) if (file.endsWith('.node')) console.log(file);
  })`;
  const { words } = await health(t, { PORT: '1' }, ['--import', `data:text/javascript,${listAddons}`]);
  assert.match(words, /^unhealthy: [^\n]+\n$/);
});

test('the image asks with it', { timeout }, () => {
  const [, command] = /^HEALTHCHECK[^[]*(\[.+\])$/m.exec(readFileSync(DOCKERFILE, 'utf8')) ?? [];
  const [node, program = '?', ...args] = JSON.parse(command ?? '[]') as string[];
  assert.deepEqual([node, ...args], ['node', '--health']);
  assert.ok(MAIN.endsWith(`/${program}`), program);
});
