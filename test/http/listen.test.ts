import assert from 'node:assert/strict';
import { once } from 'node:events';
import { test } from 'node:test';
import { WebSocket } from 'ws';
import { startService } from '../../bench/lib/service.js';
import { freePort } from '../support/free-port.js';

test(
  'a service that is started again has its port at once, and shares it with nobody',
  { timeout: 30_000 },
  async (t) => {
    const env = { PORT: String(await freePort()) };
    const first = await startService({ env });
    t.after(() => first.stop());
    // Connections that the service closes first stay in TIME_WAIT for a minute: those of walls, and kept-alive ones.
    await (await fetch(`${first.url}/healthz`)).text();
    const wall = new WebSocket(`${first.url.replace('http', 'ws')}/wall`);
    await once(wall, 'message');
    await first.stop();
    const second = await startService({ env });
    t.after(() => second.stop());
    await assert.rejects(startService({ env }), /cannot listen on 127\.0\.0\.1 port \d+: taken/);
    assert.equal((await fetch(`${second.url}/healthz`)).status, 200);
  },
);
