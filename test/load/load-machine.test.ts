import assert from 'node:assert/strict';
import { test } from 'node:test';
import { FrameMachine } from './frame-machine.js';

/** What LoadControl makes of a whole machine. It carries 37 cameras in full. */

const timeout = 30_000;
const CAPACITY = 37;
const CAPACITY_FPS = CAPACITY * 25;

test('a machine that carries its cameras is left alone', { timeout }, () => {
  for (const count of [1, 20, 36]) {
    const machine = new FrameMachine(count);
    machine.run(120);
    assert.deepEqual(new Set(machine.shares), new Set([1]));
  }
});

for (const overload of [1.05, 1.15, 1.3]) {
  const count = Math.round(CAPACITY * overload);
  test(
    `at ${overload} times its capacity it shows 85 % of the pictures, all fresh, and nothing swings`,
    { timeout },
    () => {
      for (const gop of [25, 50]) {
        const machine = new FrameMachine(count, undefined, gop);
        machine.run(60);
        for (let minute = 1; minute <= 10; minute++) {
          machine.begin();
          machine.run(60);
          const share = machine.ages.length / 60 / CAPACITY_FPS;
          assert.ok(
            share >= 0.85,
            `${(share * 100).toFixed(0)} % in minute ${minute}, key frames ${gop} apart`,
          );
          assert.ok(machine.p99 < 500, `${machine.p99.toFixed(0)} ms old`);
          assert.ok(machine.fastestSwing >= 10, `swings in ${machine.fastestSwing} s`);
          const { shares } = machine;
          assert.ok(
            Math.max(...shares) - Math.min(...shares) < 0.01,
            `not the same for all: ${shares.join(' ')}`,
          );
        }
      }
    },
  );
}

test('also while the loss is being shared out, pictures are under a second old', { timeout }, () => {
  for (const count of [40, 48, 80]) {
    const machine = new FrameMachine(count);
    machine.run(60);
    assert.ok(machine.p99 < 1000, `${machine.p99.toFixed(0)} ms old`);
  }
});

test(
  'with three times its cameras all pictures are fresh, and when two thirds leave all move again',
  { timeout },
  () => {
    const machine = new FrameMachine(3 * CAPACITY);
    machine.run(60);
    machine.begin();
    machine.run(60);
    assert.ok(machine.p99 < 700, `${machine.p99.toFixed(0)} ms old`);
    assert.ok(machine.ages.length / 60 > CAPACITY_FPS / 2);
    machine.cameras = machine.cameras.slice(0, 34);
    machine.run(60);
    assert.deepEqual(new Set(machine.shares), new Set([1]));
  },
);

test(
  'when a neighbour takes half of the machine for a minute, all is as before soon after',
  { timeout },
  () => {
    const machine = new FrameMachine(30);
    machine.run(30);
    machine.begin();
    machine.coreMs = 1000;
    machine.run(60);
    assert.ok(machine.p99 < 1000, `${machine.p99.toFixed(0)} ms old`);
    machine.coreMs = 2000;
    machine.run(60);
    assert.deepEqual(new Set(machine.shares), new Set([1]));
  },
);

test('a stream too large for one core is its own matter', { timeout }, () => {
  const weights = Array.from({ length: 20 }, (_, i) => (i === 3 ? 25 : 1));
  const machine = new FrameMachine(20, undefined, 25, undefined, weights);
  machine.run(60);
  assert.ok((machine.shares[3] ?? 1) < 1);
  assert.deepEqual(new Set(machine.shares.toSpliced(3, 1)), new Set([1]));
});
