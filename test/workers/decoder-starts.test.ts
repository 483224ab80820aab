import assert from 'node:assert/strict';
import { mock, test } from 'node:test';
import { DecoderStarts, type StartKind, ThreadStarts } from '../../workers/decoder-starts.js';

const timeout = 30_000;

/** Streams of one thread. @returns decoders that they start in each of some seconds, if they want another with each unit */
function startsOf(kind: StartKind, streams: number, seconds: number): number[] {
  const clock = mock.timers;
  clock.enable({ apis: ['setTimeout'] });
  let now = 0;
  const time = mock.method(performance, 'now', () => now);
  try {
    const thread = new ThreadStarts();
    const all = Array.from({ length: streams }, () => new DecoderStarts(() => undefined, thread));
    return Array.from({ length: seconds }, () => {
      let count = 0;
      for (let unit = 0; unit < 50; unit++) {
        now += 20;
        for (const starts of all) if (starts.take(kind)) count++;
      }
      return count;
    });
  } finally {
    time.mock.restore();
    clock.reset();
  }
}

test(
  'a stream that names another size with each unit soon starts a decoder in two seconds',
  { timeout },
  () => {
    const counts = startsOf('exchange', 1, 20);
    assert.ok((counts[0] ?? 0) <= 8, counts.join(' '));
    assert.ok(counts.slice(10).reduce((sum, count) => sum + count, 0) <= 6, counts.join(' '));
  },
);

test('however many streams of a thread do so, their starts leave it time', { timeout }, () => {
  const exchanges = startsOf('exchange', 16, 20);
  assert.ok(
    exchanges.slice(8).every((count) => count <= 5),
    exchanges.join(' '),
  );
  const renewals = startsOf('renewal', 16, 20);
  assert.ok(
    renewals.slice(8).every((count) => count <= 9),
    renewals.join(' '),
  );
});

test('all cameras of a thread that come at once have a decoder at once', { timeout }, () => {
  assert.equal(startsOf('first', 40, 1)[0], 40 * 7, '4 at once each, and 3 in a second');
});
