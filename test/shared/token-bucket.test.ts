import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { TokenBucket } from '../../src/shared/token-bucket.js';

const timeout = 30_000;

test('a bucket gives its burst at once and then its rate, never more', { timeout }, () => {
  const steps = fc.array(fc.integer({ min: 0, max: 500 }), { minLength: 1, maxLength: 200 });
  fc.assert(
    fc.property(
      fc.integer({ min: 1, max: 20 }),
      fc.integer({ min: 1, max: 50 }),
      steps,
      (burst, perSecond, waits) => {
        const limit = new TokenBucket(burst, perSecond);
        let now = 0;
        let given = 0;
        for (const wait of waits) {
          now += wait;
          if (limit.take(now)) given++;
        }
        assert.ok(given <= burst + (now / 1000) * perSecond + 1e-6);
      },
    ),
  );
});
