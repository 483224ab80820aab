import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer } from 'node:net';
import { test } from 'node:test';
import { MachinePace } from '../support/machine-pace.js';
import { cameras, type Scope, service, watch } from '../support/rig.js';

const SILENT = 60;

/** A port that accepts connections and never answers. */
async function silentPort(scope: Scope): Promise<number> {
  const server = createServer((socket) => {
    socket.on('error', () => undefined);
    scope.after(() => socket.destroy());
  }).listen(0, '127.0.0.1');
  scope.after(() => server.close());
  await once(server, 'listening');
  const address = server.address();
  assert.ok(address !== null && typeof address === 'object');
  return address.port;
}

test(
  'the first picture of a camera comes within three seconds behind sixty that never answer',
  { timeout: 60_000 },
  async (t) => {
    const [set, port] = await Promise.all([cameras(t), silentPort(t)]);
    const server = await service(t, { MAX_CAMERAS: '64', OPEN_TIMEOUT_MS: '10000' });
    for (let i = 0; i < SILENT; i++) watch(t, server, `silent${i}`, `rtsp://127.0.0.1:${port}/${i}`);
    const pace = new MachinePace(t);
    const begin = performance.now();
    const viewer = watch(t, server, 'honest', set.url(0));
    await viewer.more(1, 15_000);
    const took = performance.now() - begin;
    t.diagnostic(`${took.toFixed(0)} ms`);
    // Behind one turn of those that never answer it would be ten seconds.
    assert.ok(took < 3000 + pace.delay(500), `${took.toFixed(0)} ms`);
  },
);
