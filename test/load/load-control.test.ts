import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  LARGEST_STEP,
  LoadControl,
  MUCH_IDLE,
  ROOM_IDLE,
  ROOM_LOOKS,
  SETTLE_LOOKS,
  STANDING_LOOKS,
  STANDING_MS,
  STEP,
  YOUNG_LOOKS,
} from '../../src/load/load-control.js';
import { FIRST_HOLD_LOOKS } from '../../src/load/step-hold.js';

const options = { timeout: 30_000 };
const BUSY = 0;
const ROOM = ROOM_IDLE + 0.01;
const FPS = 25;

/** Cameras whose queues the test names, and which do what they are told. */
class Wall {
  readonly control = new LoadControl();
  readonly cameras = new Map<
    string,
    { share: number; waitMs: number; lostShare: number; units: number; dropped: number }
  >();

  constructor(count: number) {
    for (let i = 1; i <= count; i++) this.add(`cam${i}`);
    this.looks(YOUNG_LOOKS, BUSY);
  }

  add(key: string): void {
    this.cameras.set(key, { share: 1, waitMs: 0, lostShare: 0, units: 0, dropped: 0 });
  }

  look(idle: number | null): void {
    for (const camera of this.cameras.values()) {
      camera.units += FPS;
      camera.dropped += FPS * camera.share * camera.lostShare;
    }
    const loads = [...this.cameras].map(([key, { units, dropped, waitMs }]) => ({
      key,
      units,
      droppedUnits: dropped,
      waitMs,
    }));
    for (const { key, share } of this.control.look(loads, idle)) {
      const camera = this.cameras.get(key);
      if (camera) camera.share = share;
    }
  }

  looks(count: number, idle: number | null): void {
    for (let i = 0; i < count; i++) this.look(idle);
  }

  /** What waits, and how much of the pictures is let go, at all cameras or at these. */
  queue(waitMs: number, lostShare = 0, keys: readonly string[] = [...this.cameras.keys()]): void {
    for (const key of keys) Object.assign(this.cameras.get(key) ?? {}, { waitMs, lostShare });
  }

  get shares(): number[] {
    return [...this.cameras.values()].map(({ share }) => share);
  }
}

const MUCH = STANDING_MS + 1;
const rounded = (share: number): number => Math.round(share * 100) / 100;
const all = (count: number, share: number): number[] => Array.from({ length: count }, () => share);

test('without standing queues nothing is lowered, however busy the machine is', options, () => {
  const wall = new Wall(10);
  for (let i = 0; i < 100; i++) {
    wall.queue(i % STANDING_LOOKS === 0 ? 0 : 10 * MUCH);
    wall.look(BUSY);
  }
  assert.deepEqual(wall.shares, all(10, 1));
});

test('on a busy machine all cameras lose the same, whosever queue stands', options, () => {
  const wall = new Wall(10);
  wall.queue(MUCH, 0, ['cam1', 'cam2', 'cam3']);
  wall.looks(STANDING_LOOKS, BUSY);
  assert.deepEqual(wall.shares, all(10, 0.96));
});

test('the loss is as large as what was let go, and never more than a fifth at a time', options, () => {
  const tenth = new Wall(10);
  tenth.queue(600, 0.1);
  tenth.looks(STANDING_LOOKS, BUSY);
  assert.deepEqual(tenth.shares, all(10, 0.86), 'a tenth, and something for the queue itself');
  const half = new Wall(10);
  half.queue(600, 0.5);
  half.looks(STANDING_LOOKS, BUSY);
  assert.deepEqual(half.shares, all(10, LARGEST_STEP));
});

test('a step has its time to show what it does before the next one', options, () => {
  const wall = new Wall(10);
  wall.queue(600, 0.5);
  wall.looks(STANDING_LOOKS + SETTLE_LOOKS - 1, BUSY);
  assert.deepEqual(wall.shares, all(10, LARGEST_STEP));
  wall.looks(1, BUSY);
  assert.ok((wall.shares[0] ?? 1) < LARGEST_STEP);
});

test('on a machine with room only the camera with the queue pays', options, () => {
  const wall = new Wall(20);
  wall.queue(MUCH, 0, ['cam7']);
  wall.looks(STANDING_LOOKS, ROOM);
  assert.deepEqual(wall.shares.toSpliced(6, 1), all(19, 1));
  assert.equal(wall.shares[6], LARGEST_STEP);
});

test(
  'on a busy machine one camera’s queue is its own matter when all gave something up for it in vain',
  options,
  () => {
    const wall = new Wall(20);
    wall.queue(MUCH, 0, ['cam7']);
    wall.looks(STANDING_LOOKS, BUSY);
    const [given = 1] = wall.shares;
    assert.ok(given > 0.9 && given < 1);
    assert.deepEqual(wall.shares, all(20, given));
    wall.looks(50, BUSY);
    assert.deepEqual(wall.shares.toSpliced(6, 1), all(19, given));
    assert.ok((wall.shares[6] ?? 1) < 0.3);
  },
);

test('a camera that paid for all by chance gets its pictures back, also on a busy machine', options, () => {
  const wall = new Wall(20);
  wall.queue(MUCH, 0, ['cam7']);
  wall.looks(STANDING_LOOKS, ROOM);
  wall.queue(0);
  wall.looks(FIRST_HOLD_LOOKS * 12, BUSY);
  assert.equal(wall.shares[6], 1);
});

test('a share never comes down to nothing', options, () => {
  const wall = new Wall(4);
  wall.queue(600, 0.9);
  wall.looks(300, BUSY);
  assert.deepEqual(wall.shares, all(4, STEP));
});

test('a decoder that has just started catches up: its queue says nothing yet', options, () => {
  const wall = new Wall(4);
  wall.add('new');
  wall.queue(600, 0, ['new']);
  wall.looks(YOUNG_LOOKS, BUSY);
  wall.queue(0);
  wall.looks(100, BUSY);
  assert.deepEqual(wall.shares, all(5, 1));
});

test('shares grow when there has been room for a while, and not within the hold', options, () => {
  const wall = new Wall(10);
  wall.queue(600, 0.2);
  wall.looks(STANDING_LOOKS, BUSY);
  const [lowered = 1] = wall.shares;
  wall.queue(0);
  wall.looks(FIRST_HOLD_LOOKS - 1, ROOM);
  assert.deepEqual(wall.shares, all(10, lowered));
  wall.looks(ROOM_LOOKS, ROOM);
  assert.deepEqual(wall.shares, all(10, rounded(lowered + STEP)));
});

test('much room is used at once, whatever was too much before', options, () => {
  const wall = new Wall(10);
  wall.queue(600, 0.5);
  wall.looks(STANDING_LOOKS + 3 * SETTLE_LOOKS, BUSY);
  const [lowered = 1] = wall.shares;
  wall.queue(0);
  wall.looks(ROOM_LOOKS, MUCH_IDLE + 0.3);
  assert.ok((wall.shares[0] ?? 0) >= lowered * 1.2, wall.shares.join(' '));
  wall.looks(30, MUCH_IDLE + 0.1);
  assert.deepEqual(wall.shares, all(10, 1));
});

test('a step up that proved too much is tried ever more rarely', options, () => {
  const wall = new Wall(10);
  const ups: number[] = [];
  for (let look = 0; look < 1500; look++) {
    const [before = 1] = wall.shares;
    wall.queue(before > 0.9 ? MUCH : 0);
    wall.look(before > 0.9 ? BUSY : ROOM);
    if ((wall.shares[0] ?? 1) > before) ups.push(look);
  }
  // Small steps in a row are one try.
  const tries = ups.filter((look, i) => look - (ups[i - 1] ?? -Infinity) > FIRST_HOLD_LOOKS / 2);
  const pauses = tries.slice(1).map((look, i) => look - (tries[i] ?? 0));
  assert.ok(pauses.length >= 3, pauses.join(' '));
  pauses.slice(1).forEach((pause, i) => {
    assert.ok(pause > 1.7 * (pauses[i] ?? 0), pauses.join(' '));
  });
});

test('while it is not known how idle the machine is, nothing grows', options, () => {
  const wall = new Wall(3);
  wall.queue(600, 0.5);
  wall.looks(STANDING_LOOKS, null);
  wall.queue(0);
  const lowered = wall.shares;
  wall.looks(200, null);
  assert.deepEqual(wall.shares, lowered);
});

test('a camera that left and one that came anew have no past', options, () => {
  const wall = new Wall(20);
  wall.queue(MUCH, 0, ['cam7']);
  wall.looks(STANDING_LOOKS, ROOM);
  wall.cameras.delete('cam7');
  wall.look(ROOM);
  wall.add('cam7');
  wall.look(ROOM);
  assert.equal(wall.cameras.get('cam7')?.share, 1);
});
