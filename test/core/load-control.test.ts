import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Degradation } from '../../src/decode-plan.js';
import {
  DEEP_BYTES,
  FIRST_HOLD_LOOKS,
  LoadControl,
  LONGEST_HOLD_LOOKS,
  ROOM_IDLE,
  ROOM_LOOKS,
  STANDING_BYTES,
  STANDING_LOOKS,
} from '../../src/load-control.js';

const options = { timeout: 10_000 };
const MUCH = STANDING_BYTES + 1;
const BUSY = 0;
const IDLE = ROOM_IDLE + 0.01;

/** Names from one number down to another. */
const range = (from: number, to: number): string[] =>
  Array.from({ length: from - to + 1 }, (_, i) => `cam${from - i}`);

/** Cameras whose backlog the test names, and which do what they are told. */
class Wall {
  readonly control = new LoadControl();
  readonly levels = new Map<string, Degradation>();
  readonly backlog = new Map<string, number | null>();
  looks = 0;

  constructor(count: number) {
    for (let i = 1; i <= count; i++) {
      this.levels.set(`cam${i}`, 0);
      this.backlog.set(`cam${i}`, 0);
    }
  }

  /** Looks once; gives the names of the cameras that were stepped. */
  look(idle: number | null): string[] {
    this.looks++;
    const loads = [...this.levels].map(([key, level]) => ({
      key,
      level,
      backlogBytes: this.backlog.get(key) ?? null,
    }));
    const steps = this.control.look(loads, idle);
    for (const { key, level } of steps) this.levels.set(key, level);
    return steps.map(({ key }) => key);
  }

  /** Looks until something is stepped; gives the number of looks that took. */
  until(idle: number, most = 5000): number {
    for (let i = 1; i <= most; i++) if (this.look(idle).length > 0) return i;
    assert.fail(`no step in ${most} looks`);
  }
}

test(
  'a queue that stands for three looks costs its camera frame rate, then all but key frames',
  options,
  () => {
    const wall = new Wall(1);
    wall.backlog.set('cam1', MUCH);
    assert.equal(wall.until(BUSY), STANDING_LOOKS);
    assert.equal(wall.levels.get('cam1'), 1);
    assert.equal(wall.until(BUSY), STANDING_LOOKS, 'the first step gets as much time to show what it does');
    assert.equal(wall.levels.get('cam1'), 2);
    for (let i = 0; i < 20; i++) assert.deepEqual(wall.look(BUSY), [], 'there is nothing below');
  },
);

test('a queue of more than a second costs all but key frames at once', options, () => {
  const wall = new Wall(1);
  wall.backlog.set('cam1', DEEP_BYTES + 1);
  assert.equal(wall.until(BUSY), STANDING_LOOKS);
  assert.equal(wall.levels.get('cam1'), 2);
});

test('a queue that is empty now and then is none that stands', options, () => {
  const wall = new Wall(1);
  for (let i = 0; i < 50; i++) {
    wall.backlog.set('cam1', i % STANDING_LOOKS === 0 ? 0 : 5 * MUCH);
    assert.deepEqual(wall.look(BUSY), []);
  }
});

test('an unknown backlog decides nothing', options, () => {
  const wall = new Wall(1);
  wall.backlog.set('cam1', null);
  for (let i = 0; i < 20; i++) assert.deepEqual(wall.look(BUSY), []);
});

test('the cameras that are furthest behind give first, a fifth of all at a time', options, () => {
  const wall = new Wall(40);
  for (let i = 1; i <= 40; i++) wall.backlog.set(`cam${i}`, MUCH + i);
  wall.look(BUSY);
  wall.look(BUSY);
  assert.deepEqual(wall.look(BUSY), range(40, 33));
  assert.deepEqual(wall.look(BUSY), range(32, 25));
});

test('when there is room, a camera gets back step after step, once its hold is over', options, () => {
  const wall = new Wall(2);
  wall.backlog.set('cam1', MUCH);
  wall.until(BUSY);
  wall.until(BUSY);
  wall.backlog.set('cam1', 0);
  assert.equal(wall.until(IDLE), FIRST_HOLD_LOOKS);
  assert.equal(wall.levels.get('cam1'), 1);
  assert.equal(wall.until(IDLE), ROOM_LOOKS, 'the next step waits for what this one costs');
  assert.equal(wall.levels.get('cam1'), 0);
});

test('no step up without idle cores, with any standing queue, or when the load is unknown', options, () => {
  const wall = new Wall(2);
  wall.backlog.set('cam1', MUCH);
  wall.until(BUSY);
  wall.backlog.set('cam1', 0);
  for (let i = 0; i < 3 * FIRST_HOLD_LOOKS; i++) {
    assert.deepEqual(wall.look(BUSY), []);
    assert.deepEqual(wall.look(null), []);
  }
  for (let i = 0; i < 3 * FIRST_HOLD_LOOKS; i++) {
    wall.backlog.set('cam2', i % 2 === 0 ? MUCH : 0);
    assert.deepEqual(wall.look(IDLE), []);
  }
});

test('the more of the machine is idle, the more cameras get a step back at a time', options, () => {
  const steps = (idle: number): number => {
    const wall = new Wall(40);
    for (const key of wall.levels.keys()) wall.levels.set(key, 2);
    for (let i = 1; i < ROOM_LOOKS; i++) assert.deepEqual(wall.look(idle), []);
    return wall.look(idle).length;
  };
  assert.equal(steps(ROOM_IDLE), 1);
  assert.ok(steps(0.6) > 3);
  assert.ok(steps(1) <= 20, 'never all at once');
});

test('a step up that proves too much is tried again after ever longer, up to a bound', options, () => {
  const wall = new Wall(1);
  const waits: number[] = [];
  for (let i = 0; i < 9; i++) {
    wall.backlog.set('cam1', MUCH);
    wall.until(BUSY);
    wall.backlog.set('cam1', 0);
    waits.push(wall.until(IDLE));
  }
  assert.deepEqual(
    waits.slice(0, 4),
    [1, 2, 4, 8].map((times) => times * FIRST_HOLD_LOOKS),
  );
  assert.equal(waits.at(-1), LONGEST_HOLD_LOOKS);
});

test(
  'a camera that is gone is forgotten: the next one of its name starts with a clean record',
  options,
  () => {
    const wall = new Wall(1);
    wall.backlog.set('cam1', MUCH);
    wall.look(BUSY);
    wall.look(BUSY);
    wall.control.look([], IDLE);
    assert.deepEqual(wall.look(BUSY), []);
    assert.deepEqual(wall.look(BUSY), []);
    assert.deepEqual(wall.look(BUSY), ['cam1']);
  },
);
