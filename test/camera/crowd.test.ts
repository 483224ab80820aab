import assert from 'node:assert/strict';
import { test } from 'node:test';
import { PLAN_INTERVAL_MS } from '../../src/camera/planner.js';
import { settle } from '../support/manual-clock.js';
import { testRegistry } from '../support/test-registry.js';

/** What many seats of one camera may cost. */

const timeout = 30_000;
const AT = { at: 'rtsp://10.0.0.1/x' };
const SEATS = 4000;

async function crowd(size = SEATS) {
  const it = testRegistry();
  const seats = Array.from({ length: size }, (_, i) => it.join('cam', { ...AT, fps: 1 + (i % 60) }));
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

/** Processor time of the work, ms: what others do on the machine does not count. */
function cpuMs(work: () => void): number {
  const before = process.cpuUsage();
  work();
  const { user, system } = process.cpuUsage(before);
  return (user + system) / 1000;
}

/** A hundred times the seats would cost a hundred times as much if each change looked at all of them. */
const MOST_RATIO = 10;

test('a pause costs about the same with 4000 seats as with 40', { timeout }, async () => {
  const pauses = ({ seats }: Awaited<ReturnType<typeof crowd>>) =>
    cpuMs(() => {
      for (let i = 0; i < 200_000; i++) seats[i % seats.length]?.setActive(i % 3 === 0);
    });
  const [few, many] = [await crowd(40), await crowd(4000)];
  pauses(few); // Compiles.
  const ratio = pauses(many) / pauses(few);
  assert.ok(ratio < MOST_RATIO, `${ratio.toFixed(1)} times as much`);
});

test('joining and leaving costs about the same with 4000 seats as with 40', { timeout }, async () => {
  const joins = ({ join }: Awaited<ReturnType<typeof crowd>>) =>
    cpuMs(() => {
      for (let i = 0; i < 10_000; i++) join('cam', AT).leave();
    });
  const [few, many] = [await crowd(40), await crowd(4000)];
  joins(few); // Compiles.
  const ratio = joins(many) / joins(few);
  assert.ok(ratio < MOST_RATIO, `${ratio.toFixed(1)} times as much`);
});
