import assert from 'node:assert/strict';
import { test } from 'node:test';
import { KEY_FRAMES_ONLY } from '../../src/decoding/decode-plan.js';
import { FluidMachine } from './fluid-machine.js';

/** What LoadControl makes of a whole machine. It carries some 38 cameras in full. */

const timeout = 10_000;
const FRESH_S = 1;

test('a machine that carries its cameras is left alone', { timeout }, () => {
  const machine = new FluidMachine(34);
  machine.run(120);
  assert.deepEqual(new Set(machine.levels), new Set([0]));
});

for (const count of [41, 43, 46, 49]) {
  test(
    `with ${count} cameras all lose some rate, none more than a step more than another`,
    { timeout },
    () => {
      const machine = new FluidMachine(count);
      machine.run(60);
      for (let second = 60; second < 180; second++) {
        machine.run(1);
        const { levels } = machine;
        assert.ok(!levels.includes(KEY_FRAMES_ONLY), `key frames after ${second} s`);
        assert.ok(Math.max(...levels) - Math.min(...levels) <= 1, levels.join(' '));
        assert.ok(machine.oldest < FRESH_S, `${machine.oldest.toFixed(1)} s old after ${second} s`);
      }
    },
  );
}

test('with twice its cameras all pictures are fresh, and when half leave all move again', { timeout }, () => {
  const machine = new FluidMachine(80);
  machine.run(60);
  for (let second = 60; second < 120; second++) {
    machine.run(1);
    assert.ok(machine.oldest < FRESH_S, `${machine.oldest.toFixed(1)} s old after ${second} s`);
  }
  assert.ok(machine.levels.includes(2), 'some of them move all the time');
  machine.cameras = machine.cameras.slice(0, 34);
  machine.run(30);
  assert.ok(!machine.levels.includes(KEY_FRAMES_ONLY));
  machine.run(90);
  const full = machine.levels.filter((level) => level === 0).length;
  assert.ok(full >= 17, `${full} of 34 in full`);
});

test(
  'when a neighbour takes half of the machine for a minute, all is as before soon after',
  { timeout },
  () => {
    const machine = new FluidMachine(30);
    machine.run(30);
    machine.coreMs = 1000;
    machine.run(60);
    assert.ok(machine.oldest < FRESH_S, `${machine.oldest.toFixed(1)} s old`);
    machine.coreMs = 2000;
    machine.run(60);
    assert.deepEqual(new Set(machine.levels), new Set([0]));
  },
);
