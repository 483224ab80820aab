import assert from 'node:assert/strict';
import { test } from 'node:test';
import { PLAN_INTERVAL_MS } from '../../src/camera/planner.js';
import { settle } from '../support/manual-clock.js';
import { studio } from '../support/test-registry.js';

/** What many seats of one camera may cost. Times are bounds that a quadratic answer misses by far. */

const timeout = 20_000;
const AT = { at: 'rtsp://10.0.0.1/x' };
const SEATS = 4000;

async function crowd() {
  const it = studio();
  const seats = Array.from({ length: SEATS }, (_, i) => it.join('cam', { ...AT, fps: 1 + (i % 60) }));
  await settle();
  await it.clock.advance(PLAN_INTERVAL_MS);
  const plans: unknown[] = [];
  const { run } = it.opener();
  const setPlan = run.setPlan.bind(run);
  run.setPlan = (plan) => {
    plans.push(plan);
    setPlan(plan);
  };
  return { ...it, seats, plans, run };
}

test(
  '400 pauses and resumes in one turn are one plan, and none when nothing changes',
  { timeout },
  async () => {
    const it = await crowd();
    for (let round = 0; round < 50; round++)
      for (const seat of it.seats.slice(0, 400)) {
        seat.setActive(false);
        seat.setActive(true);
      }
    await it.clock.advance(PLAN_INTERVAL_MS);
    assert.equal(it.plans.length, 0, 'all is as it was');
    for (const seat of it.seats) seat.setActive(false);
    await it.clock.advance(PLAN_INTERVAL_MS);
    assert.equal(it.plans.length, 1);
    assert.equal(it.run.plan.outputs[0]?.demands.length, 0);
    for (const seat of it.seats.slice(0, 30)) seat.setActive(true);
    await it.clock.advance(PLAN_INTERVAL_MS);
    assert.equal(it.plans.length, 2);
    assert.equal(it.run.plan.outputs[0].demands[0]?.fps, 30);
  },
);

test('plans that change again and again are sent at most fifty times a second', { timeout }, async () => {
  const it = await crowd();
  for (let ms = 0; ms < 1000; ms++) {
    for (const seat of it.seats) seat.setActive(ms % 2 === 0);
    await it.clock.advance(1);
  }
  assert.ok(it.plans.length <= 1000 / PLAN_INTERVAL_MS, String(it.plans.length));
  assert.ok(it.plans.length > 0);
});

test('a pause costs the same with 4000 seats as with 40', { timeout }, async () => {
  const it = await crowd();
  const begin = performance.now();
  for (let i = 0; i < 200_000; i++) it.seats[i % SEATS]?.setActive(i % 3 === 0);
  const micros = ((performance.now() - begin) * 1000) / 200_000;
  assert.ok(micros < 20, `${micros.toFixed(1)} µs for each pause`);
});

test('joining and leaving does not get slower with the number of seats', { timeout }, async () => {
  const it = await crowd();
  const begin = performance.now();
  for (let i = 0; i < 20_000; i++) it.join('cam', AT).leave();
  const micros = ((performance.now() - begin) * 1000) / 20_000;
  assert.ok(micros < 60, `${micros.toFixed(1)} µs for each viewer`);
});
