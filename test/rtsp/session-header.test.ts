import assert from 'node:assert/strict';
import { test } from 'node:test';
import { keepAliveInterval, parseSession } from '../../src/rtsp/messages/session-header.js';

const timeout = 30_000;

for (const [header, id, seconds] of [
  ['12345678', '12345678', 60],
  ['12345678;timeout=30', '12345678', 30],
  [' 1a-$_.+ ; foo=1 ; Timeout = "15"', '1a-$_.+', 15],
  ['1;timeout=0', '1', 60],
  ['1;timeout=-5', '1', 60],
  ['1;timeout=999999', '1', 3600],
] as const) {
  test(`Session: ${header} is session ${id} for ${seconds} s`, { timeout }, () => {
    assert.deepEqual(parseSession(header), { id, timeoutMs: seconds * 1000 });
  });
}

test('what is no session id is none', { timeout }, () => {
  for (const header of [null, '', ';timeout=5', 'a b', 'a\x00', 'é', 'x'.repeat(513)])
    assert.equal(parseSession(header), null);
});

test('life is shown twice in a timeout, and every 30 s at least', { timeout }, () => {
  assert.deepEqual(
    [500, 4000, 15_000, 60_000, 3_600_000].map(keepAliveInterval),
    [500, 2000, 7500, 30_000, 30_000],
  );
});
