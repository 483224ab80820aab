import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { cameras, service, watch } from '../support/rig.js';
import { MachinePace } from '../support/machine-pace.js';
import { inBounds, onceInThreeTimes } from '../support/three-times.js';
import { until } from '../support/until.js';

test(
  'a viewer of the default rendition keeps its rate while a hundred others ask for a hundred qualities of a larger one',
  { timeout: 60_000 },
  async (t) => {
    const set = await cameras(t);
    const server = await service(t, { OPEN_TIMEOUT_MS: '10000', STALL_TIMEOUT_MS: '5000' });
    const honest = watch(t, server, 'cam', set.url(0));
    await honest.more(25, 20_000);
    const pace = new MachinePace(t);
    const others = Array.from({ length: 100 }, (_, i) => {
      const size = { width: '1920', height: '1080', quality: String(i + 1) };
      return watch(t, server, 'cam', set.url(0), { query: size });
    });
    await sleep(3000);
    // Shared out evenly among all 101 it would be a frame in four seconds.
    await onceInThreeTimes(async () => {
      const began = performance.now();
      const before = honest.frames.length;
      await sleep(4000);
      const fps = ((honest.frames.length - before) * 1000) / (performance.now() - began);
      t.diagnostic(`${fps.toFixed(1)} frames a second`);
      inBounds(fps > 20 / pace.slowness(), `${fps.toFixed(1)} frames a second`);
    });
    const ends = others.flatMap(({ stats: { closed } }) => closed ?? []);
    for (const { code, reason } of ends) assert.equal(code, 4429, reason);
    await until('some of them are served', () => others.some(({ frames }) => frames.length > 0), 10_000);
    assert.equal((await server.camera('cam'))?.state, 'live');
  },
);
