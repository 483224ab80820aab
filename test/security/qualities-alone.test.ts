import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { connectViewer } from '../../bench/lib/ws-viewer.js';
import { MAX_RENDITIONS_PER_CLIENT } from '../../src/viewer/client-seats.js';
import { inBounds, onceInThreeTimes } from '../support/three-times.js';
import { assertUnharmed, HOST, startTarget, type Target } from './target.js';

const timeout = 90_000;
const WATCH_MS = 4000;

let target: Target;
before(async () => (target = await startTarget()), { timeout });
after(() => target.close(), { timeout });

test(
  'a hundred viewers with a hundred qualities of 1920x1080 cost an honest viewer no frames',
  { timeout },
  async (t) => {
    const { honest, service, honestPath } = target;
    const framesIn = async (ms: number): Promise<number> => {
      const before = honest.stats.frames;
      await sleep(ms);
      return honest.stats.frames - before;
    };
    const alone = await framesIn(WATCH_MS);
    const viewers = Array.from({ length: 100 }, (_, i) => {
      const path = `${honestPath}&width=1920&height=1080&quality=${i + 1}`;
      return connectViewer({ host: HOST, port: service.port, path, mode: 'count' });
    });
    t.after(() => {
      for (const viewer of viewers) viewer.destroy();
    });
    await sleep(1000);
    await onceInThreeTimes(async () => {
      const beside = await framesIn(WATCH_MS);
      inBounds(beside >= alone * 0.8, `${beside} frames instead of ${alone}`);
    });
    const refused = viewers.filter(({ stats }) => stats.closed !== undefined);
    for (const { stats } of refused) {
      assert.equal(stats.closed?.code, 4429);
      assert.match(
        stats.closed.reason,
        new RegExp(`^your address has ${MAX_RENDITIONS_PER_CLIENT} sizes and qualities`),
      );
    }
    // Seven steps, of which one client may have six: only those who want the seventh are refused.
    assert.ok(refused.length > 0 && refused.length < 30, `${refused.length} were refused`);
    await assertUnharmed(target);
  },
);
