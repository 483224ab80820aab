import assert from 'node:assert/strict';
import { test } from 'node:test';
import { connectViewer } from '../../bench/lib/ws-viewer.js';
import { framesMore, HOST, startTarget } from '../security/target.js';
import { until } from '../support/until.js';

const SLOW_TIMEOUT_MS = 40_000;

test(
  'a viewer that answers nothing is closed with 4408, also after more than the 32 s of an idle socket',
  { timeout: 90_000 },
  async (t) => {
    const target = await startTarget({ VIEWER_SLOW_TIMEOUT_MS: String(SLOW_TIMEOUT_MS) });
    t.after(() => target.close());
    const viewer = connectViewer({
      host: HOST,
      port: target.service.port,
      path: target.honestPath,
      mode: 'count',
    });
    t.after(() => viewer.destroy());
    await framesMore(viewer, 3);
    viewer.mute();
    const muted = performance.now();
    const { code, reason } = await until('it is closed', () => viewer.stats.closed, 60_000);
    const after = performance.now() - muted;
    assert.equal(code, 4408, `${code} ${reason} after ${after.toFixed(0)} ms`);
    assert.ok(
      after > SLOW_TIMEOUT_MS - 1500 && after < SLOW_TIMEOUT_MS + 5000,
      `after ${after.toFixed(0)} ms`,
    );
  },
);
