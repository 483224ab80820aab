import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Degradation } from '../../src/decoding/decode-plan.js';
import {
  DEEP_BYTES,
  DEEP_LOOKS,
  LoadControl,
  MUCH_IDLE,
  ROOM_IDLE,
  ROOM_LOOKS,
  SETTLE_LOOKS,
  STANDING_BYTES,
  STANDING_LOOKS,
} from '../../src/load/load-control.js';
import { FIRST_HOLD_LOOKS, LONGEST_HOLD_LOOKS } from '../../src/load/step-hold.js';

const options = { timeout: 10_000 };
const MUCH = STANDING_BYTES + 1;
const BUSY = 0;
const IDLE = ROOM_IDLE + 0.01;

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

  /** All cameras, at one level. */
  all(level: Degradation): void {
    for (const key of this.levels.keys()) this.levels.set(key, level);
  }

  queues(bytes: number): void {
    for (const key of this.backlog.keys()) this.backlog.set(key, bytes);
  }

  /** Number of cameras at each level. */
  get count(): number[] {
    return [0, 1, 2, 3].map((level) => [...this.levels.values()].filter((own) => own === level).length);
  }

  /** Looks until something is stepped; gives the number of looks that took. */
  until(idle: number, most = 5000): number {
    for (let i = 1; i <= most; i++) if (this.look(idle).length > 0) return i;
    assert.fail(`no step in ${most} looks`);
  }
}

test('a busy machine shares the loss: nobody loses twice before all have lost once', options, () => {
  const wall = new Wall(40);
  // One queue alone: it is chance whose.
  wall.backlog.set('cam7', MUCH);
  let steps = 0;
  for (let i = 0; i < 60; i++) {
    steps += wall.look(BUSY).length > 0 ? 1 : 0;
    const levels = [...wall.levels].filter(([key]) => key !== 'cam7').map(([, level]) => level);
    assert.ok(Math.max(...levels) - Math.min(...levels) <= 1, wall.count.join(' '));
    assert.ok(Math.max(...levels) <= 2, 'nobody goes to key frames for the sake of another');
  }
  assert.deepEqual(wall.count, [0, 0, 39, 1], 'in the end only the one that is behind is at key frames');
  assert.ok(steps >= 4, 'half of them at a time');
});

test('the first to give are those that are behind, and what they give up gets time to help', options, () => {
  const wall = new Wall(40);
  for (let i = 31; i <= 40; i++) wall.backlog.set(`cam${i}`, MUCH + i);
  assert.equal(wall.until(BUSY), STANDING_LOOKS);
  assert.deepEqual(wall.count, [20, 20, 0, 0]);
  for (let i = 31; i <= 40; i++) assert.equal(wall.levels.get(`cam${i}`), 1);
  wall.backlog.set('cam1', MUCH);
  wall.backlog.set('cam2', MUCH);
  assert.equal(wall.until(BUSY), Math.max(SETTLE_LOOKS, STANDING_LOOKS));
  wall.queues(0);
  for (let i = 0; i < 20; i++) assert.deepEqual(wall.look(BUSY), [], 'that was enough');
});

test('on a machine with room a standing queue costs its own camera alone', options, () => {
  const wall = new Wall(10);
  wall.backlog.set('cam3', MUCH);
  for (const level of [1, 2, 3]) {
    assert.equal(wall.until(IDLE), STANDING_LOOKS);
    assert.equal(wall.levels.get('cam3'), level);
    assert.equal(wall.count[0], 9);
  }
  for (let i = 0; i < 20; i++) assert.deepEqual(wall.look(IDLE), [], 'there is nothing below');
});

test(
  'a queue of more than a second is left behind: at once with room, else if sharing does not help',
  options,
  () => {
    const alone = new Wall(10);
    alone.backlog.set('cam3', DEEP_BYTES + 1);
    assert.equal(alone.until(IDLE), STANDING_LOOKS);
    assert.equal(alone.levels.get('cam3'), 3);

    const busy = new Wall(1);
    busy.backlog.set('cam1', DEEP_BYTES + 1);
    let looks = 0;
    while (busy.levels.get('cam1') !== 3) {
      busy.look(BUSY);
      looks++;
    }
    assert.ok(looks >= DEEP_LOOKS && looks <= 2 * DEEP_LOOKS, `${looks} looks`);
  },
);

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

test('when there is room, a camera gets back step after step, once the hold is over', options, () => {
  const wall = new Wall(1);
  wall.backlog.set('cam1', MUCH);
  wall.until(BUSY);
  wall.until(BUSY);
  wall.backlog.set('cam1', 0);
  assert.equal(wall.levels.get('cam1'), 2);
  assert.equal(wall.until(IDLE), FIRST_HOLD_LOOKS);
  assert.equal(wall.levels.get('cam1'), 1);
  assert.equal(wall.until(IDLE), ROOM_LOOKS, 'the next step waits for what this one costs');
  assert.equal(wall.levels.get('cam1'), 0);
});

test('a machine that is idle gives back at once: what was too much is gone', options, () => {
  const wall = new Wall(4);
  wall.queues(MUCH);
  wall.until(BUSY);
  wall.queues(0);
  assert.equal(wall.until(MUCH_IDLE), ROOM_LOOKS);
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

test('as long as the queues get shorter nobody has to give more', options, () => {
  const wall = new Wall(8);
  wall.queues(8 * MUCH);
  wall.until(BUSY);
  const { count } = wall;
  for (let bytes = 7 * MUCH; bytes > MUCH; bytes *= 0.9) {
    wall.queues(bytes);
    assert.deepEqual(wall.look(BUSY), []);
  }
  assert.deepEqual(wall.count, count);
  wall.queues(MUCH);
  wall.look(BUSY);
  wall.look(BUSY);
  assert.notDeepEqual(wall.count, count, 'they stopped getting shorter');
});

test('the more of the machine is idle, the more cameras get a step back at a time', options, () => {
  const steps = (idle: number): number => {
    const wall = new Wall(40);
    wall.all(3);
    for (let i = 1; i < ROOM_LOOKS; i++) assert.deepEqual(wall.look(idle), []);
    return wall.look(idle).length;
  };
  assert.equal(steps(ROOM_IDLE), 1);
  assert.ok(steps(0.9) > 3);
  assert.ok(steps(0.9) <= 20, 'never all at once');
  const rate = new Wall(40);
  rate.all(2);
  for (let i = 1; i < ROOM_LOOKS; i++) rate.look(ROOM_IDLE + 0.05);
  assert.ok(rate.look(ROOM_IDLE + 0.05).length > 5, 'frame rate is cheaper than decoding all');
});

test('a camera at key frames is levelled with those that have more, without more load', options, () => {
  const wall = new Wall(20);
  wall.levels.set('cam1', 3);
  assert.equal(wall.until(BUSY), ROOM_LOOKS);
  assert.equal(wall.levels.get('cam1'), 2);
  // Five pay ten frames a second each for decoding all again.
  assert.deepEqual(wall.count, [14, 5, 1, 0]);
  for (let i = 0; i < 50; i++) assert.deepEqual(wall.look(BUSY), [], 'nobody is at key frames any more');
});

test('nobody pays for a camera at key frames who has no more than the least rate', options, () => {
  const wall = new Wall(20);
  wall.all(2);
  wall.levels.set('cam1', 3);
  for (let i = 0; i < 50; i++) assert.deepEqual(wall.look(BUSY), []);
});

for (const [where, idle] of [
  ['the machine', BUSY],
  ['one core', IDLE],
] as const) {
  test(
    `a step up that proves too much for ${where} is tried again after ever longer, up to a bound`,
    options,
    () => {
      const wall = new Wall(1);
      const waits: number[] = [];
      for (let i = 0; i < 9; i++) {
        wall.backlog.set('cam1', MUCH);
        wall.until(idle);
        wall.backlog.set('cam1', 0);
        waits.push(wall.until(IDLE));
      }
      assert.deepEqual(
        waits.slice(0, 4),
        [1, 2, 4, 8].map((times) => times * FIRST_HOLD_LOOKS),
      );
      assert.equal(waits.at(-1), LONGEST_HOLD_LOOKS);
    },
  );
}

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
