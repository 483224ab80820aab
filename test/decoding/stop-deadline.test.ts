import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { StopDeadline } from '../../src/decoding/stop-deadline.js';

const timeout = 30_000;

function deadline(t: TestContext): { readonly it: StopDeadline; readonly terminated: () => number } {
  t.mock.timers.enable({ apis: ['setTimeout'] });
  let count = 0;
  return { it: new StopDeadline({ silenceMs: 100, mostMs: 1000 }, () => count++), terminated: () => count };
}

test('a thread that does not stop is terminated, once', { timeout }, (t) => {
  const { it, terminated } = deadline(t);
  it.heard();
  t.mock.timers.tick(1000);
  assert.equal(terminated(), 0);
  it.stopping();
  it.stopping();
  t.mock.timers.tick(99);
  assert.equal(terminated(), 0);
  t.mock.timers.tick(5000);
  assert.equal(terminated(), 1);
});

test('a thread that is still loading is left alone until it has begun', { timeout }, (t) => {
  const { it, terminated } = deadline(t);
  it.stopping();
  t.mock.timers.tick(60_000);
  assert.equal(terminated(), 0);
  it.heard();
  t.mock.timers.tick(100);
  assert.equal(terminated(), 1);
});

test('a run that takes long to stop ends no thread that is heard of, up to a limit', { timeout }, (t) => {
  const { it, terminated } = deadline(t);
  it.heard();
  it.stopping();
  for (let ms = 0; ms < 990; ms += 90) {
    t.mock.timers.tick(90);
    it.heard();
  }
  assert.equal(terminated(), 0, 'its other runs go on');
  t.mock.timers.tick(10);
  assert.equal(terminated(), 1);
});

test('a thread that has ended is not terminated', { timeout }, (t) => {
  const { it, terminated } = deadline(t);
  it.heard();
  it.stopping();
  it.over();
  it.stopping();
  it.heard();
  t.mock.timers.tick(60_000);
  assert.equal(terminated(), 0);
});
