import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { MediaClock } from '../../src/rtp/media-clock.js';

const LIMIT = { timeout: 20_000 };

interface Stamp {
  readonly timestamp: number;
  readonly arrivedAt: number;
}

function times(stamps: readonly Stamp[]): { readonly times: number[]; readonly restarts: number } {
  const clock = new MediaClock(90_000);
  let restarts = 0;
  const count = (): void => {
    restarts += 1;
  };
  return {
    times: stamps.map(({ timestamp, arrivedAt }) => clock.mediaTime(timestamp >>> 0, arrivedAt, count)),
    restarts,
  };
}

describe('RTP time', () => {
  test('runs on where timestamps wrap', LIMIT, () => {
    const stamps = [0, 1, 2, 3].map((n) => ({ timestamp: 2 ** 32 - 5000 + n * 3600, arrivedAt: n * 40 }));
    assert.deepEqual(times(stamps), { times: [0, 40, 80, 120], restarts: 0 });
  });

  test('goes back and forth with B-pictures', LIMIT, () => {
    const shown = [0, 3, 1, 2, 6, 4, 5];
    const stamps = shown.map((n, index) => ({ timestamp: n * 3600, arrivedAt: index * 40 }));
    assert.deepEqual(times(stamps), { times: shown.map((n) => n * 40), restarts: 0 });
  });

  test('is what it is when packets come late, or all at once', LIMIT, () => {
    const late = [0, 40, 30_000, 30_000, 30_001].map((arrivedAt, n) => ({ timestamp: n * 3600, arrivedAt }));
    assert.deepEqual(times(late), { times: [0, 40, 80, 120, 160], restarts: 0 });
  });

  test('may stand for minutes between two pictures', LIMIT, () => {
    const slow = [0, 1, 2].map((n) => ({ timestamp: n * 90_000 * 600, arrivedAt: n * 600_000 }));
    assert.deepEqual(times(slow), { times: [0, 600_000, 1_200_000], restarts: 0 });
  });

  for (const [what, jump] of [
    ['forward', 90_000 * 3600],
    ['back', -90_000 * 3600],
    ['to something else', 0x9abc_def0],
  ] as const) {
    test(`a clock that jumps ${what} is bridged with the time of arrival`, LIMIT, () => {
      const stamps = [0, 1, 2, 3, 4].map((n) => ({
        timestamp: n * 3600 + (n >= 2 ? jump : 0),
        arrivedAt: n * 40 + (n >= 2 ? 5 : 0),
      }));
      assert.deepEqual(times(stamps), { times: [0, 40, 85, 125, 165], restarts: 1 });
    });
  }

  test('never runs away from arrival by more than a jump may', LIMIT, () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 0, max: 0xffff_ffff }), { maxLength: 100 }), (random) => {
        const stamps = random.map((timestamp, n) => ({ timestamp, arrivedAt: n * 40 }));
        let before = 0;
        for (const time of times(stamps).times) {
          assert.ok(time >= before - 2000 && time <= before + 10_040);
          before = time;
        }
      }),
    );
  });
});
