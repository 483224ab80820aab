import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { FrameRateLimit } from '../../src/shared/frame-rate-limit.js';

const timeout = 30_000;

test('a thinned stream keeps its rate, whatever the source’s', { timeout }, () => {
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 30 }), fc.integer({ min: 1, max: 60 }), (fps, sourceFps) => {
      const gate = new FrameRateLimit();
      let taken = 0;
      for (let i = 0; i < sourceFps * 20; i++) if (gate.takes(fps, (i * 1000) / sourceFps)) taken++;
      const wanted = Math.min(fps, sourceFps) * 20;
      assert.ok(taken <= wanted * 1.12 + 1, `${taken} of ${wanted}`);
      assert.ok(taken >= wanted * 0.5, `${taken} of ${wanted}`);
    }),
  );
});

test('after a pause the beat begins anew instead of catching up', { timeout }, () => {
  const gate = new FrameRateLimit();
  assert.equal(gate.takes(10, 0), true);
  assert.equal(gate.takes(10, 60_000), true);
  assert.equal(gate.takes(10, 60_010), false);
  assert.equal(gate.takes(null, 60_011), true);
});
