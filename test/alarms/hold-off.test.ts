import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { CONDITIONS, conditionOf, type Condition, type Seen } from '../../src/alarms/news/condition.js';
import { type HoldOff, look, toldOf, UNTOLD } from '../../src/alarms/news/hold-off.js';

const timeout = 30_000;
const HOLD = 15_000;

/** Looks once a second at what `seen` says, and returns what was told, with the second. */
function told(
  seen: (second: number) => Seen,
  seconds: number,
  from: HoldOff = UNTOLD,
): [number, Condition][] {
  let state = from;
  const all: [number, Condition][] = [];
  for (let second = 0; second < seconds; second++) {
    const { next, tell } = look(state, seen(second), second * 1000, HOLD);
    state = next;
    if (tell !== null) all.push([second, tell]);
  }
  return all;
}

const live: HoldOff = { phase: 'settled', told: 'live' };
const offline: HoldOff = { phase: 'settled', told: 'offline' };

test('a state is told when it has lasted for the hold-off, and once', { timeout }, () => {
  assert.deepEqual(
    told(() => 'live', 100),
    [[15, 'live']],
  );
  assert.deepEqual(
    told(() => 'offline', 100, live),
    [[15, 'offline']],
  );
  assert.deepEqual(
    told(() => 'live', 100, offline),
    [[15, 'live']],
  );
});

test('a gap that is shorter is not told', { timeout }, () => {
  assert.deepEqual(
    told((s) => (s >= 5 && s < 18 ? 'offline' : 'live'), 200, live),
    [],
  );
});

test('a camera that comes and goes is one message', { timeout }, () => {
  for (const period of [2, 7, 10, 14])
    assert.equal(
      told((s) => (Math.floor(s / period) % 2 === 0 ? 'offline' : 'live'), 600, live).length,
      1,
      `period ${period}`,
    );
});

test('a camera that came and went is told to be back when it stays', { timeout }, () => {
  const flapping = (s: number): Seen => (s < 100 && s % 8 < 4 ? 'offline' : 'live');
  const all = told(flapping, 200, live);
  assert.deepEqual(
    all.map(([, state]) => state),
    ['offline', 'live'],
  );
  assert.equal(all[1]?.[0], 100 + 15);
});

test('between two states nothing is told, but the time counts', { timeout }, () => {
  const dies = (s: number): Seen => (s < 10 ? 'unsettled' : 'offline');
  assert.deepEqual(told(dies, 60, live), [[15, 'offline']]);
  assert.deepEqual(
    told(() => 'unsettled', 60, live),
    [],
  );
});

test('each state that is worse than the last is told, and what is better when it lasts', { timeout }, () => {
  const steps = ['live', 'degraded', 'frozen', 'offline', 'frozen', 'degraded', 'live', 'idle'] as const;
  assert.deepEqual(
    told((s) => steps[Math.min(Math.floor(s / 30), 7)] ?? 'idle', 260).map(([, state]) => state),
    steps,
  );
});

test('without a hold-off every change is told at once', { timeout }, () => {
  let state = UNTOLD;
  for (const [i, seen] of (['live', 'offline', 'live', 'frozen'] as const).entries()) {
    const { next, tell } = look(state, seen, i, 0);
    assert.equal(tell, seen);
    state = next;
  }
});

test(
  'whatever a camera does, what is told differs from what was told before, and at most once a hold-off',
  { timeout },
  () => {
    const seen = fc.constantFrom<Seen>(...CONDITIONS, 'unsettled');
    fc.assert(
      fc.property(fc.array(seen, { minLength: 1, maxLength: 200 }), (looks) => {
        let state = UNTOLD;
        let last = -Infinity;
        for (const [second, each] of looks.entries()) {
          const before = toldOf(state);
          const { next, tell } = look(state, each, second * 1000, HOLD);
          if (tell !== null) {
            assert.notEqual(tell, before);
            assert.equal(tell, each);
            assert.ok(second - last >= HOLD / 1000, `${last} then ${second}`);
            last = second;
          }
          state = next;
        }
      }),
    );
  },
);

test('states of cameras are told as what they mean', { timeout }, () => {
  assert.equal(conditionOf({ state: 'live', degraded: 0 }), 'live');
  assert.equal(conditionOf({ state: 'live', degraded: 2 }), 'degraded');
  assert.equal(conditionOf({ state: 'offline', degraded: 2 }), 'offline');
  assert.equal(conditionOf({ state: 'frozen', degraded: 0 }), 'frozen');
  assert.equal(conditionOf({ state: 'connecting', degraded: 0 }), 'unsettled');
  assert.equal(conditionOf({ state: 'stale', degraded: 0 }), 'unsettled');
  assert.equal(conditionOf({ state: 'idle', degraded: 0 }), 'idle');
});
