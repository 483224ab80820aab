import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Capacity, USUAL_COST, type VideoTile } from '../../src/wall/page/video/capacity.js';
import { CatchUp } from '../../src/wall/page/video/catch-up.js';
import { drawnSize } from '../../src/wall/page/video/drawn-size.js';
import { jpegReasonText } from '../../src/wall/page/video/jpeg-reasons.js';
import { PassOver } from '../../src/wall/page/video/pass-over.js';
import { PendingUnits } from '../../src/wall/page/video/pending-units.js';
import { RetryHold } from '../../src/wall/page/video/retry-hold.js';
import { follows, laterOf } from '../../src/wall/page/video/sequence-order.js';
import { type ChoosingTile, VideoChoice } from '../../src/wall/page/video/video-choice.js';

/** What the page decides about video, without a browser and with a clock of the test. */

const FAST = { timeout: 10_000 };
const CORES = 2;
const QUICK = Array.from({ length: 50 }, () => 5);
const LATE = Array.from({ length: 50 }, () => 150);

const wallOf = (count: number, more: Partial<VideoTile> = {}): VideoTile[] =>
  Array.from({ length: count }, (_, tile) => ({
    tile,
    ...{ cost: USUAL_COST, video: false, fps: null, drawn: 25, shown: true },
    ...more,
  }));

/** Processor time of a picture, ms, as video and as JPEG: of the page alone, and of a service on the same machine as well. */
const ALONE = { video: 1.9, jpeg: 1.3 } as const;
const SHARED = { video: 2.3, jpeg: 4.2 } as const;
/** Of two cores in a second, ms. */
const MACHINE = 2000;
const FPS = 25;

/** A wall whose browser does what it is told. With more to do than its machine can, all tiles draw fewer pictures, and late. */
class Wall {
  now = 0;
  tiles: VideoTile[];
  readonly counts: number[] = [];
  readonly drawn: number[] = [];

  constructor(
    readonly capacity: Capacity,
    count: number,
    readonly costs: Readonly<Record<'video' | 'jpeg', number>> = ALONE,
    more: Partial<VideoTile> = {},
    public machine = MACHINE,
  ) {
    this.tiles = wallOf(count, more);
    this.#apply();
  }

  get videos(): number {
    return this.tiles.filter(({ video }) => video).length;
  }

  /** Pictures a second at the end. */
  get rate(): number {
    return this.drawn.at(-1) ?? NaN;
  }

  /** Of the same wall with JPEG alone. */
  get jpegRate(): number {
    return Math.min(this.tiles.length * FPS, this.machine / this.costs.jpeg);
  }

  run(seconds: number): void {
    for (let beat = 0; beat < seconds; beat += 1) {
      this.now += 1000;
      const videos = this.videos;
      const toDo = FPS * (videos * this.costs.video + (this.tiles.length - videos) * this.costs.jpeg);
      const drawn = FPS * Math.min(1, this.machine / toDo);
      const delays = toDo > this.machine ? LATE : QUICK;
      this.tiles = this.tiles.map((tile) => ({ ...tile, drawn }));
      this.capacity.beat({ now: this.now, tiles: this.tiles, videoDelays: delays, jpegDelays: delays });
      this.#apply();
      this.counts.push(this.videos);
      this.drawn.push(drawn * this.tiles.length);
    }
  }

  #apply(): void {
    const chosen = this.capacity.choose(this.tiles);
    this.tiles = this.tiles.map((tile) => ({ ...tile, video: chosen.has(tile.tile) }));
  }
}

test('with hardware every tile has video from the start', FAST, () => {
  const wall = new Wall(new Capacity(true, CORES), 200, { video: 0.1, jpeg: 1 });
  assert.equal(wall.videos, 200);
  wall.run(60);
  assert.equal(wall.videos, 200);
});

test(
  'in software a wall begins with what half of the machine decodes, and grows while it is well',
  FAST,
  () => {
    const wall = new Wall(new Capacity(false, CORES), 64, { video: 0.5, jpeg: 0.5 });
    assert.equal(wall.videos, Math.floor(200e6 / USUAL_COST));
    wall.run(120);
    assert.ok(wall.videos > 50 && wall.videos <= 64, `${wall.videos} tiles`);
  },
);

test('a browser that is behind gives its video up, and draws what it would with JPEG alone', FAST, () => {
  const wall = new Wall(new Capacity(false, CORES), 64, ALONE);
  wall.run(45);
  assert.ok(wall.videos <= 4, `${wall.videos} tiles after 45 seconds`);
  wall.run(600);
  const mean = wall.drawn.slice(-300).reduce((sum, drawn) => sum + drawn, 0) / 300;
  assert.ok(mean > wall.jpegRate * 0.98, `${mean} pictures a second of ${wall.jpegRate}`);
});

for (const count of [36, 64])
  test(
    `where JPEG costs more than video, ${count} tiles that are behind come to video all the same`,
    FAST,
    () => {
      const wall = new Wall(new Capacity(false, CORES), count, SHARED);
      wall.run(60);
      assert.equal(wall.videos, count);
      assert.ok(wall.rate > wall.jpegRate * 1.5, `${wall.rate} pictures a second of ${wall.jpegRate}`);
      wall.run(3600);
      const less = wall.counts.slice(-3600).filter((videos) => videos < count);
      assert.ok(less.length < 90, `${less.length} of 3600 seconds are spent on trying less video`);
    },
  );

test('a step that brought nothing is taken back within seconds, and tried ever more seldom', FAST, () => {
  const wall = new Wall(new Capacity(false, CORES), 30, SHARED, {}, 1000);
  wall.run(3600);
  const drops = wall.counts.slice(1).flatMap((count, at) => (count < (wall.counts[at] ?? 0) ? [at] : []));
  assert.ok(drops.length >= 3 && drops.length <= 12, `${drops.length} times less`);
  for (const at of drops) assert.equal(wall.counts[at + 8], 30);
});

test('what is late while a wall is opened takes no video away', FAST, () => {
  const capacity = new Capacity(false, CORES);
  for (let opened = 1; opened <= 30; opened += 1) {
    const tiles = wallOf(30, { video: true }).map((tile) => ({ ...tile, shown: tile.tile < opened }));
    capacity.beat({ now: opened * 1000, tiles, videoDelays: LATE, jpegDelays: LATE });
    assert.equal(capacity.choose(tiles).size, 30);
  }
});

test('video that was too much comes back ever more seldom', FAST, () => {
  const wall = new Wall(new Capacity(false, CORES), 40, ALONE, {}, 1500);
  wall.run(3600);
  const last = wall.counts.slice(-1800);
  const drops = last.slice(1).filter((count, at) => count < (last[at] ?? 0)).length;
  assert.ok(drops <= 8, `${drops} times too much in half an hour`);
  assert.ok(last.reduce((sum, count) => sum + count, 0) / last.length > 5, 'most of what it carries');
});

test('one late moment changes nothing', FAST, () => {
  const wall = new Wall(new Capacity(false, CORES), 30);
  wall.run(20);
  wall.machine = 100;
  wall.run(1);
  wall.machine = MACHINE;
  wall.run(20);
  assert.equal(wall.videos, 30);
});

test('JPEG that is drawn late takes video away too', FAST, () => {
  const capacity = new Capacity(false, CORES);
  const tiles = wallOf(20, { video: true });
  for (let now = 1000; now <= 12_000; now += 1000)
    capacity.beat({ now, tiles, videoDelays: QUICK, jpegDelays: LATE });
  assert.ok(capacity.choose(tiles).size < 20);
});

test('a tile at the edge does not go to and fro because its cost varies', FAST, () => {
  const capacity = new Capacity(false, CORES);
  let tiles = wallOf(64);
  const chosen = (): ReadonlySet<number> => capacity.choose(tiles);
  const first = [...chosen()];
  for (const factor of [1.1, 0.95, 1.08, 1]) {
    const before = chosen();
    tiles = wallOf(64).map((tile) => ({ ...tile, cost: tile.cost * factor, video: before.has(tile.tile) }));
    assert.ok(
      first.every((tile) => chosen().has(tile)),
      `costs times ${factor}`,
    );
  }
});

test('a few tiles keep their video on a machine that is busy with something else', FAST, () => {
  const wall = new Wall(new Capacity(false, CORES), 4, ALONE, {}, 50);
  wall.run(8);
  assert.equal(wall.videos, 4);
});

test('those that have video keep it, and cheap tiles come first', FAST, () => {
  const capacity = new Capacity(false, 1);
  const tile = (id: number, cost: number, video: boolean): VideoTile => ({
    tile: id,
    cost,
    video,
    ...{ fps: null, drawn: 25, shown: true },
  });
  assert.deepEqual(
    [...capacity.choose([tile(1, 90e6, false), tile(2, 20e6, false), tile(3, 70e6, true)])],
    [3, 2],
  );
});

test(
  'in software a tile that asks for few pictures a second gets JPEG, which is sent at that rate',
  FAST,
  () => {
    assert.equal(new Wall(new Capacity(false, CORES), 4, ALONE, { fps: 2 }).videos, 0);
    assert.equal(new Wall(new Capacity(true, CORES), 4, ALONE, { fps: 2 }).videos, 4);
  },
);

const choosing = (id: number, more: Partial<ChoosingTile> = {}): ChoosingTile => ({
  id,
  wanted: true,
  paused: false,
  video: false,
  cost: null,
  fps: null,
  drawn: 25,
  shown: true,
  ...more,
});
const ABLE = { forms: ['h264'], hardware: false, cores: CORES, why: null } as const;

test('a tile is told why it asks for no video', FAST, () => {
  const choice = new VideoChoice(ABLE);
  const all = Array.from({ length: 40 }, (_, id) => choosing(id));
  const answers = all.map((tile) => choice.codecsOf(tile, all, 0));
  assert.equal(answers.filter(({ why }) => why === 'capacity').length, 6);
  assert.equal(answers.filter(({ codecs }) => codecs.join() === 'h264').length, 34);
  assert.deepEqual(choice.codecsOf(choosing(1, { wanted: false }), all, 0), { codecs: [], why: 'user' });
  const plain = new VideoChoice({ ...ABLE, forms: [], why: 'insecure' });
  assert.deepEqual(plain.codecsOf(choosing(1), all, 0), { codecs: [], why: 'insecure' });
});

test('a camera that is not known yet is reckoned like those of the wall that are', FAST, () => {
  const choice = new VideoChoice(ABLE);
  const all = Array.from({ length: 64 }, (_, id) => choosing(id, { cost: id < 4 ? 320 * 180 * 10 : null }));
  assert.ok(all.every((tile) => choice.codecsOf(tile, all, 0).why === null));
});

test('tiles that nobody sees leave their place to others', FAST, () => {
  const choice = new VideoChoice(ABLE);
  const hidden = Array.from({ length: 100 }, (_, id) => choosing(id, { paused: true }));
  const seen = choosing(200);
  assert.equal(choice.codecsOf(seen, [...hidden, seen], 0).why, null);
});

test('after a failure of its decoder a tile has JPEG for half a minute, then twice as long', FAST, () => {
  const choice = new VideoChoice(ABLE);
  const tile = choosing(1);
  const why = (now: number): unknown => choice.codecsOf(tile, [tile], now).why;
  choice.failed(1, 'decoder', 0);
  assert.deepEqual([why(0), why(29_999), why(30_000)], ['decoder', 'decoder', null]);
  choice.failed(1, 'unsupported', 40_000);
  assert.deepEqual([why(99_999), why(100_000)], ['unsupported', null]);
});

test('retries are held back for ten minutes at most, and a long good time is forgiven', FAST, () => {
  const hold = new RetryHold();
  let now = 0;
  for (let failure = 0; failure < 10; failure += 1) {
    hold.failed(now);
    assert.ok(!hold.holds(now + 600_000));
    now += 600_001;
  }
  now += 300_001;
  hold.failed(now);
  assert.ok(hold.holds(now + 29_000) && !hold.holds(now + 30_000));
});

test('pictures of the past are passed over until the present comes', FAST, () => {
  const catchUp = new CatchUp();
  catchUp.begin(0);
  assert.equal(catchUp.shows({ age: 5000, queued: 100, capturedAt: 1000 }, 10), false);
  assert.equal(catchUp.shows({ age: 100, queued: 20, capturedAt: 5900 }, 20), false);
  assert.equal(catchUp.shows({ age: 10, queued: 1, capturedAt: 5990 }, 30), true);
  // From here on every picture counts, also after a hiccup of the line.
  assert.equal(catchUp.shows({ age: 5000, queued: 9, capturedAt: 6030 }, 40), true);
});

test(
  'after a pause shorter than the present lasts no picture is shown that is older than the last',
  FAST,
  () => {
    const catchUp = new CatchUp();
    catchUp.begin(0);
    assert.equal(catchUp.shows({ age: 10, queued: 0, capturedAt: 2800 }, 10), true);
    catchUp.begin(300);
    assert.equal(catchUp.shows({ age: 390, queued: 0, capturedAt: 2600 }, 310), false);
    assert.equal(catchUp.shows({ age: 290, queued: 0, capturedAt: 2700 }, 312), false);
    assert.equal(catchUp.shows({ age: 90, queued: 0, capturedAt: 2900 }, 314), true);
    // A server whose clock was set back is believed after a while.
    catchUp.begin(1000);
    assert.equal(catchUp.shows({ age: 10, queued: 0, capturedAt: 100 }, 1100), false);
    assert.equal(catchUp.shows({ age: 10, queued: 0, capturedAt: 1500 }, 2500), true);
    catchUp.begin(3000);
    assert.equal(catchUp.shows({ age: 10, queued: 0, capturedAt: 1600 }, 3010), true);
  },
);

test(
  'a line that is always late, and a decoder that never catches up, show pictures all the same',
  FAST,
  () => {
    const catchUp = new CatchUp();
    catchUp.begin(0);
    assert.equal(catchUp.shows({ age: 900, queued: 5, capturedAt: 1 }, 1499), false);
    assert.equal(catchUp.shows({ age: 900, queued: 5, capturedAt: 2 }, 1500), true);
  },
);

test(
  'units that a decoder holds back for the order of B-frames are settled with the picture shown',
  FAST,
  () => {
    const units = new PendingUnits<{ sequence: number }>();
    const given = new Map<number, number>();
    for (let sequence = 1; sequence <= 40; sequence += 1) {
      given.set(sequence, units.add({ header: { sequence }, receivedAt: sequence * 40, age: 5 }));
      if (sequence <= 2) continue;
      const shown = units.take(given.get(sequence - 2) ?? 0, sequence * 40 + 6);
      assert.equal(shown?.header.sequence, sequence - 2);
      assert.equal(units.settledBy(sequence - 2), sequence);
    }
    // What every picture takes is no delay of the machine.
    assert.ok(units.takeDelays().every((delay) => delay < 1));
  },
);

test('a decoder that falls behind settles only what it has decoded', FAST, () => {
  const units = new PendingUnits<{ sequence: number }>();
  const first = units.add({ header: { sequence: 1 }, receivedAt: 0, age: 0 });
  units.take(first, 5);
  const later = Array.from({ length: 10 }, (_, at) =>
    units.add({ header: { sequence: at + 2 }, receivedAt: 40 * at, age: 0 }),
  );
  assert.equal(units.take(later[0] ?? 0, 400)?.header.sequence, 2);
  assert.equal(units.settledBy(2), 2);
  assert.ok((units.takeDelays().at(-1) ?? 0) > 300);
});

test('a decoder that never gives a picture does not make the page remember without end', FAST, () => {
  const units = new PendingUnits<{ sequence: number }>();
  for (let sequence = 0; sequence < 10_000; sequence += 1)
    units.add({ header: { sequence }, receivedAt: 0, age: 0 });
  assert.ok(units.size <= 64);
});

test('what came all at once does not count as late', FAST, () => {
  const pending = new PendingUnits<{ sequence: number }>();
  const add = (sequence: number, receivedAt: number): number =>
    pending.add({ header: { sequence }, receivedAt, age: 0 });
  const backlog = Array.from({ length: 20 }, (_, sequence) => add(sequence, 0));
  backlog.forEach((timestamp, at) => pending.take(timestamp, at * 10, false));
  pending.take(add(20, 200), 205);
  assert.deepEqual(pending.takeDelays(), [5]);
});

test('sequences wrap', FAST, () => {
  assert.equal(follows(0, 0xffffffff), true);
  assert.equal(follows(2, 0), false);
  assert.equal(laterOf(3, 0xfffffff0), 3);
  assert.equal(laterOf(0xfffffff0, 3), 3);
  assert.equal(laterOf(7, 5), 7);
});

test(
  'why a tile shows JPEG is said in both languages, and nothing is said of what nobody asked for',
  FAST,
  () => {
    assert.match(jpegReasonText('insecure', 'en-GB'), /https/);
    assert.match(jpegReasonText('slow_line', 'es-MX'), /red/);
    for (const reason of [null, 'not_asked', 'a reason of a later version', 'toString'])
      assert.equal(jpegReasonText(reason, 'en'), '');
  },
);

test('video is drawn in the size that its tile asks for, in its own aspect and never larger', FAST, () => {
  const small = { width: 640, height: 360 };
  assert.deepEqual(drawnSize(small, { width: 320, height: 180 }), { width: 320, height: 180 });
  assert.deepEqual(drawnSize({ width: 1920, height: 1440 }, { width: 320, height: 180 }), {
    width: 320,
    height: 240,
  });
  assert.deepEqual(drawnSize({ width: 2592, height: 1944 }, { width: 1280 }), { width: 1280, height: 960 });
  for (const wanted of [{}, { width: 1280, height: 720 }, { width: 600 }])
    assert.equal(drawnSize(small, wanted), small);
});

test('a decoder that is behind is given nothing more before the next key unit', FAST, () => {
  const passOver = new PassOver();
  passOver.passes(true, 0, -2000);
  passOver.passes(true, 0, -1000);
  assert.equal(passOver.passes(false, 200, 0), false);
  assert.equal(passOver.passes(false, 300, 40), true);
  // A decoder cannot go on in the middle of a group, although it has caught up.
  assert.equal(passOver.passes(false, 0, 80), true);
  assert.equal(passOver.passes(true, 0, 1000), false);
  assert.equal(passOver.passes(false, 0, 1040), false);
  assert.equal(passOver.passes(false, 300, 2000), true);
  assert.equal(passOver.passes(true, 300, 3000), true);
  assert.equal(passOver.isTooLong(4900), false);
  assert.equal(passOver.isTooLong(5100), true);
});

test('how long a decoder lets its units wait does not count what the stream itself needs', FAST, () => {
  const pending = new PendingUnits();
  assert.equal(pending.waitMs(1000), 0);
  const add = (sequence: number, receivedAt: number): number =>
    pending.add({ header: { sequence }, receivedAt, age: 0 });
  const first = add(1, 0);
  assert.equal(pending.waitMs(100), 100);
  // One is always held back, for 120 ms.
  const second = add(2, 40);
  pending.take(first, 120);
  add(3, 120);
  pending.take(second, 160);
  assert.equal(pending.waitMs(500), 260);
  // It is not: the decoder is late.
  pending.clear();
  pending.take(add(4, 1000), 1300);
  add(5, 1300);
  assert.equal(pending.waitMs(1600), 300);
});

test('where key units are far apart no unit is passed over', FAST, () => {
  const passOver = new PassOver();
  passOver.passes(true, 0, 0);
  assert.equal(passOver.passes(false, 900, 500), false, 'not known yet');
  passOver.passes(true, 0, 10_000);
  assert.equal(passOver.passes(false, 900, 11_000), false);
  assert.equal(passOver.isTooLong(30_000), false);
});
