import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { closeReason } from '../../src/shared/close-reason.js';

const timeout = 30_000;

test('a close reason fits its frame, is whole characters, and begins as it was given', { timeout }, () => {
  fc.assert(
    fc.property(fc.string({ unit: 'grapheme', maxLength: 200 }), (text) => {
      const reason = closeReason(text);
      assert.ok(Buffer.byteLength(reason) <= 123);
      assert.ok(!reason.includes('\uFFFD') || text.includes('\uFFFD'));
      if (Buffer.byteLength(text) <= 123) assert.equal(reason, text);
      else assert.ok(reason.endsWith('…') && text.startsWith(reason.slice(0, -1)));
    }),
  );
  assert.equal(Buffer.byteLength(closeReason('x'.repeat(500))), 123);
});
