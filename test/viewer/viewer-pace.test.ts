import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { ViewerPace } from '../../src/viewer/viewer-pace.js';
import { percentile, simulate } from '../support/link.js';

const timeout = 30_000;
const TIMES = { maxLagMs: 300, slowTimeoutMs: 15_000 };
const STREAM = { fps: 25, frameBytes: 20_000, seconds: 120 };

/** Answers `count` pings after `rtt` each, from `now` on; gives the time after the last. */
function answer(pace: ViewerPace, now: number, rtt: number, count: number, behindFrame = true): number {
  for (let i = 0; i < count; i++) {
    const number = pace.pinged(now, behindFrame);
    now += rtt;
    pace.ponged(number, now);
  }
  return now;
}

test('a viewer begins paced and is promoted by its fifth prompt pong in a row', { timeout }, () => {
  const pace = new ViewerPace(TIMES, 0);
  let now = answer(pace, 0, 5, 4);
  assert.equal(pace.mode, 'paced');
  now = answer(pace, now, 200, 1);
  now = answer(pace, now, 5, 4);
  assert.equal(pace.mode, 'paced', 'a late pong breaks the row');
  answer(pace, now, 80, 1);
  assert.equal(pace.mode, 'streaming');
});

test('promptness is judged on top of the way there: a viewer 150 ms away streams', { timeout }, () => {
  const pace = new ViewerPace(TIMES, 0);
  let now = answer(pace, 0, 150, 1, false);
  now = answer(pace, now, 170, 4);
  assert.equal(pace.mode, 'streaming');
  pace.pinged(now, false);
  assert.deepEqual(pace.beat(now + 449, 0), { ping: true, expired: false });
  pace.beat(now + 451, 0);
  assert.equal(pace.mode, 'paced');
});

test(
  'an unanswered ping older than the lag bound demotes, and the row of pongs begins anew',
  { timeout },
  () => {
    const pace = new ViewerPace(TIMES, 0);
    const now = answer(pace, 0, 0, 5);
    const late = pace.pinged(now, false);
    pace.beat(now + 300, 0);
    assert.equal(pace.mode, 'streaming');
    pace.beat(now + 301, 0);
    assert.equal(pace.mode, 'paced');
    assert.equal(pace.ready, false, 'what was sent before is still on its way');
    pace.ponged(late, now + 400);
    assert.equal(pace.ready, true);
    answer(pace, now + 400, 0, 4);
    assert.equal(pace.mode, 'paced');
  },
);

test('more than two frames of unsent bytes demote at once', { timeout }, () => {
  const pace = new ViewerPace(TIMES, 0);
  const now = answer(pace, 0, 1, 5);
  pace.beat(now, 2);
  assert.equal(pace.mode, 'streaming');
  pace.beat(now, 2.01);
  assert.equal(pace.mode, 'paced');
});

test(
  'fifteen seconds without a pong end a viewer, in either mode and also when it was quiet before',
  { timeout },
  () => {
    for (const pongs of [0, 5]) {
      const pace = new ViewerPace(TIMES, 0);
      const now = answer(pace, 0, 1, pongs);
      pace.pinged(now, false);
      assert.equal(pace.beat(now + 14_999, 0).expired, false);
      assert.equal(pace.beat(now + 15_000, 0).expired, true);
    }
    const quiet = new ViewerPace(TIMES, 0);
    answer(quiet, 0, 1, 1);
    assert.deepEqual(quiet.beat(60_000, 0), { ping: true, expired: false });
    quiet.pinged(60_000, false);
    assert.equal(quiet.beat(74_000, 0).expired, false);
    assert.equal(quiet.beat(75_000, 0).expired, true);
  },
);

test(
  'a paced viewer without frames is asked every five seconds, and never with a ping still open',
  { timeout },
  () => {
    const pace = new ViewerPace(TIMES, 0);
    const number = pace.pinged(0, false);
    assert.equal(pace.beat(6000, 0).ping, false);
    pace.ponged(number, 6000);
    assert.equal(pace.beat(6000, 0).ping, true);
  },
);

test('pongs that answer nothing, or the same ping again, change nothing', { timeout }, () => {
  const pace = new ViewerPace(TIMES, 0);
  for (const number of [0, 1, -1, 7, Number.NaN, Infinity]) assert.equal(pace.ponged(number, 1), null);
  const number = pace.pinged(10, false);
  assert.equal(pace.ponged(number, 12), 0);
  for (let i = 0; i < 10; i++) assert.equal(pace.ponged(number, 13), null);
  assert.equal(pace.mode, 'paced');
});

test('a pong for a later ping answers the earlier ones too', { timeout }, () => {
  const pace = new ViewerPace(TIMES, 0);
  const first = pace.pinged(0, false);
  const second = pace.pinged(1, true);
  pace.ponged(second, 5);
  assert.equal(pace.ready, true);
  assert.equal(pace.ponged(first, 6), null);
});

test('a longer route is learned by a bare ping after 30 s, a longer queue never', { timeout }, () => {
  const pace = new ViewerPace(TIMES, 0);
  let now = answer(pace, 0, 5, 1, false);
  now = answer(pace, now, 600, 100);
  assert.equal(pace.minRtt, 5, 'pings behind frames tell of the queue');
  assert.equal(pace.mode, 'paced');
  assert.equal(pace.probeDue(now), true);
  now = answer(pace, now, 205, 1, false);
  assert.equal(pace.minRtt, 205);
  assert.equal(pace.probeDue(now), false);
  answer(pace, now, 3, 1);
  assert.equal(pace.minRtt, 3, 'a shorter one is learned from any ping');
});

for (const { name, rate, p90, atLeast } of [
  { name: '37.5 KB/s', rate: 37_500, p90: 900, atLeast: 0.95 },
  { name: '150 KB/s', rate: 150_000, p90: 300, atLeast: 0.9 },
  { name: '400 KB/s, 80 % of what the stream needs', rate: 400_000, p90: 600, atLeast: 0.75 },
]) {
  test(`two minutes at ${name} give fresh frames and use the link`, { timeout }, () => {
    const { ages, expired, mostUnanswered } = simulate({ rate: () => rate, rtt: () => 2 }, STREAM);
    assert.equal(expired, false);
    assert.ok(percentile(ages, 0.9) <= p90, `p90 ${percentile(ages, 0.9)} ms`);
    const possible = (rate / STREAM.frameBytes) * STREAM.seconds;
    assert.ok(ages.length >= atLeast * possible, `${ages.length} of ${possible} frames`);
    assert.ok(mostUnanswered <= 10, `${mostUnanswered} pings open`);
  });
}

test('a fast viewer 150 ms away gets every frame', { timeout }, () => {
  const { ages, streaming, promotions } = simulate({ rate: () => 5_000_000, rtt: () => 150 }, STREAM);
  assert.ok(ages.length >= 0.98 * STREAM.fps * STREAM.seconds, String(ages.length));
  assert.ok(streaming > 0.98);
  assert.equal(promotions, 1);
});

test('a viewer whose route gets 400 ms longer streams again within a minute', { timeout }, () => {
  const outcome = simulate({ rate: () => 5_000_000, rtt: (t) => (t < 20_000 ? 10 : 410) }, STREAM);
  const lastMinute = outcome.arrivals.filter(({ at }) => at >= 85_000).length;
  assert.ok(lastMinute >= 0.95 * 35 * STREAM.fps, String(lastMinute));
});

test('a stream a little too fast for the link does not age for ever', { timeout }, () => {
  for (const share of [0.9, 0.97, 0.99, 0.995]) {
    const rate = share * STREAM.fps * STREAM.frameBytes;
    const { ages } = simulate({ rate: () => rate, rtt: () => 10 }, { ...STREAM, seconds: 240 });
    assert.ok(Math.max(...ages) < 600, `${share}: ${Math.max(...ages)} ms`);
  }
});

test(
  'a viewer that stops reading is closed after its time, with a bounded number of pings open',
  { timeout },
  () => {
    const outcome = simulate({ rate: (t) => (t < 5000 ? 2_000_000 : 0), rtt: () => 5 }, STREAM);
    assert.equal(outcome.expired, true);
    assert.ok(outcome.mostUnanswered <= 6, String(outcome.mostUnanswered));
  },
);

test(
  'whatever the link, frames are in order, fresh for its rate, and the pings in flight are few',
  { timeout },
  () => {
    const link = fc.record({
      rate: fc.integer({ min: 15_000, max: 4_000_000 }),
      rtt: fc.integer({ min: 0, max: 300 }),
      fps: fc.constantFrom(5, 10, 15, 25, 30),
      frameBytes: fc.integer({ min: 5000, max: 80_000 }),
    });
    fc.assert(
      fc.property(link, ({ rate, rtt, fps, frameBytes }) => {
        const { ages, arrivals, expired, mostUnanswered } = simulate(
          { rate: () => rate, rtt: () => rtt },
          { fps, frameBytes, seconds: 60 },
        );
        assert.equal(expired, false);
        arrivals.reduce((before, { sequence }) => {
          assert.ok(sequence > before);
          return sequence;
        }, 0);
        const transfer = (frameBytes / rate) * 1000;
        // Paced: one transfer to get there, up to a round trip and a transfer of waiting. Streaming: the lag bound, and what
        // piles up while the late ping comes to be late (400 ms and the way there) and until one is sent into that queue (100 ms), each seen at a beat only.
        const need = Math.min(4, Math.max(1, (frameBytes * fps) / rate));
        const bound = Math.max(
          2.2 * transfer + 1.5 * rtt + 60,
          0.5 * rtt + transfer + 370 + (need - 1) * (500 + rtt),
        );
        const p90 = percentile(ages, 0.9);
        assert.ok(p90 <= bound, `p90 ${p90} ms, bound ${bound}`);
        assert.ok(ages.length > 0);
        assert.ok(mostUnanswered <= 3 + (300 + rtt + 100) / 100, String(mostUnanswered));
      }),
      { numRuns: 40 },
    );
  },
);
