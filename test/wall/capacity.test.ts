import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Capacity, type Delays, USUAL_COST, type VideoTile } from '../../src/wall/page/video/capacity.js';

/** Whether a wall shows video or JPEG, with a clock and a machine of the test. */

const FAST = { timeout: 10_000 };
const CORES = 2;
const QUICK = Array.from({ length: 50 }, () => 5);
const LATE = Array.from({ length: 50 }, () => 150);
const WELL: Delays = { video: QUICK, jpeg: QUICK, queue: QUICK };
const BEHIND: Delays = { video: LATE, jpeg: LATE, queue: LATE };

/** Processor time of a picture, ms, as video and as JPEG: of the page alone, and of a service on the same machine as well. */
const ALONE = { video: 2.4, jpeg: 1.3 } as const;
const SHARED = { video: 2.3, jpeg: 4.2 } as const;
/** As on two cores that serve the wall as well. */
const FULL = { video: 5, jpeg: 2.8 } as const;
/** Of two cores in a second, ms. */
const MACHINE = 2000;
const FPS = 25;
/** A tile's cost is known so long after it asked for video. */
const KNOWN_AFTER_S = 3;

interface Camera {
  readonly cost?: number;
  readonly rate?: number;
  readonly fps?: number | null;
}

/** A wall whose browser does what it is told. With more to do than its machine can, all tiles draw fewer pictures, and late. */
class Wall {
  now = 0;
  tiles: VideoTile[];
  /** Tiles with video, and pictures drawn, of each second. */
  readonly counts: number[] = [];
  readonly drawn: number[] = [];
  /** What the page sees when it is behind. */
  late = BEHIND;
  readonly #seconds = new Map<number, number>();

  constructor(
    readonly capacity: Capacity,
    count: number,
    readonly camera: Camera = {},
    readonly costs: Readonly<Record<'video' | 'jpeg', number>> = ALONE,
    public machine = MACHINE,
  ) {
    this.tiles = Array.from({ length: count }, (_, tile) => ({
      tile,
      ...{
        cost: null,
        rate: null,
        video: false,
        fps: camera.fps ?? null,
        drawn: 0,
        shown: true,
        late: false,
      },
    }));
    this.#apply();
  }

  get videos(): number {
    return this.tiles.filter(({ video }) => video).length;
  }

  /** Pictures of so many last seconds, of those that JPEG alone would draw. */
  ofJpeg(seconds: number): number {
    const rate = this.camera.rate ?? FPS;
    const jpeg = Math.min(this.tiles.length * rate, this.machine / this.costs.jpeg);
    return this.drawn.slice(-seconds).reduce((sum, drawn) => sum + drawn, 0) / (seconds * jpeg);
  }

  run(seconds: number, factor: (second: number) => number = () => 1): void {
    const { cost = USUAL_COST, rate = FPS } = this.camera;
    for (let beat = 0; beat < seconds; beat += 1) {
      this.now += 1000;
      const { videos } = this;
      const toDo = rate * (videos * this.costs.video + (this.tiles.length - videos) * this.costs.jpeg);
      const drawn = rate * Math.min(1, this.machine / toDo);
      this.tiles = this.tiles.map((tile) => {
        const seconds = (this.#seconds.get(tile.tile) ?? 0) + (tile.video ? 1 : 0);
        this.#seconds.set(tile.tile, seconds);
        const isKnown = seconds >= KNOWN_AFTER_S;
        return { ...tile, drawn, ...(isKnown ? { cost: cost * factor(beat), rate } : {}) };
      });
      const delays = toDo > this.machine && videos > 0 ? this.late : WELL;
      this.capacity.beat({ now: this.now, tiles: this.tiles, delays });
      this.#apply();
      this.counts.push(this.videos);
      this.drawn.push(drawn * this.tiles.length);
    }
  }

  #apply(): void {
    const chosen = this.capacity.choose(this.tiles, this.now);
    this.tiles = this.tiles.map((tile) => ({ ...tile, video: chosen.has(tile.tile) }));
  }
}

const inSoftware = (): Capacity => new Capacity(false, CORES);
/** How often the number of tiles with video changed. */
const changesOf = (counts: readonly number[]): number =>
  counts.slice(1).filter((count, at) => count !== counts[at]).length;

test('with hardware every tile has video from the start, and keeps it', FAST, () => {
  const wall = new Wall(new Capacity(true, CORES), 200, {}, { video: 0.1, jpeg: 1 });
  assert.equal(wall.videos, 200);
  wall.run(60);
  assert.equal(wall.videos, 200);
});

test('in software 16 tiles of 640x360 are video from the start, and stay so', FAST, () => {
  const wall = new Wall(inSoftware(), 16);
  wall.run(600);
  assert.ok(wall.counts.every((count) => count === 16));
});

for (const count of [36, 64])
  test(`in software ${count} tiles of 640x360 end as JPEG alone within seconds, and stay so`, FAST, () => {
    const wall = new Wall(inSoftware(), count, {}, FULL);
    wall.run(5);
    assert.equal(wall.videos, 0);
    wall.run(600);
    assert.equal(changesOf(wall.counts.slice(5)), 0);
  });

test('in software 64 tiles of little pictures end as video', FAST, () => {
  const wall = new Wall(inSoftware(), 64, { cost: 320 * 180 * 10, rate: 10 }, { video: 0.6, jpeg: 0.5 });
  wall.run(5);
  assert.equal(wall.videos, 64);
  wall.run(60);
  assert.equal(wall.videos, 64);
});

test('a wall at the edge does not go to and fro because its costs vary', FAST, () => {
  for (const count of [19, 20, 22]) {
    const wall = new Wall(inSoftware(), count, {}, { video: 1, jpeg: 5 });
    wall.run(120, (second) => [1, 1.1, 0.95, 1.08][second % 4] ?? 1);
    const changes = changesOf(wall.counts.slice(10));
    assert.ok(changes <= 1, `${changes} changes of ${count} tiles`);
  }
});

test(
  'a wall that grows beyond what its browser decodes becomes JPEG, and video when it has shrunk',
  FAST,
  () => {
    const wall = new Wall(inSoftware(), 16);
    wall.run(10);
    const [first] = wall.tiles;
    assert.ok(first);
    const few = wall.tiles;
    wall.tiles = Array.from({ length: 30 }, (_, tile) => ({ ...first, tile, video: tile < 16 }));
    wall.run(2);
    assert.equal(wall.videos, 0);
    wall.tiles = few.map((tile) => ({ ...tile, video: false }));
    wall.run(2);
    assert.equal(wall.videos, 16);
  },
);

test('a tile that alone costs too much has JPEG, and the others keep their video', FAST, () => {
  const capacity = inSoftware();
  const wall = new Wall(capacity, 8);
  wall.run(10);
  const tiles = wall.tiles.map((tile) => (tile.tile === 3 ? { ...tile, cost: 3840 * 2160 * FPS } : tile));
  assert.deepEqual([...capacity.choose(tiles, 11_000)], [0, 1, 2, 4, 5, 6, 7]);
});

test('a camera without video is asked for it also on a wall of JPEG', FAST, () => {
  const capacity = inSoftware();
  const wall = new Wall(capacity, 36);
  wall.run(10);
  const tiles = wall.tiles.map((tile) => (tile.tile === 3 ? { ...tile, cost: 0 } : tile));
  assert.deepEqual([...capacity.choose(tiles, 11_000)], [3]);
});

test('a wall whose pictures only wait in the queue of its worker becomes JPEG', FAST, () => {
  const wall = new Wall(inSoftware(), 16, {}, ALONE);
  wall.run(20);
  wall.machine = 700;
  wall.late = { ...WELL, queue: LATE };
  wall.run(3);
  assert.equal(wall.videos, 0);
  wall.run(60);
  assert.equal(wall.videos, 0);
});

test('a wall of which the service gave up the video of many tiles becomes JPEG, not of few', FAST, () => {
  for (const [late, videos] of [
    [4, 16],
    [5, 0],
  ] as const) {
    const wall = new Wall(inSoftware(), 16);
    wall.run(20);
    wall.tiles = wall.tiles.map((tile) => ({ ...tile, late: tile.tile < late }));
    wall.run(5);
    assert.equal(wall.videos, videos, `${late} tiles`);
  }
});

test('JPEG that is drawn late takes video away too', FAST, () => {
  const wall = new Wall(inSoftware(), 16, {}, ALONE, 700);
  wall.late = { ...WELL, jpeg: LATE };
  wall.run(10);
  assert.equal(wall.videos, 0);
});

test('where JPEG draws clearly fewer pictures, a wall that is behind stays video', FAST, () => {
  const wall = new Wall(inSoftware(), 18, {}, SHARED, 900);
  wall.run(30);
  assert.equal(wall.videos, 18);
  wall.run(3600);
  const counts = wall.counts.slice(-3600);
  const drops = counts.flatMap((count, at) => (count < (counts[at - 1] ?? 0) ? [at] : []));
  assert.ok(drops.length >= 3 && drops.length <= 12, `${drops.length} times JPEG`);
  for (const at of drops) assert.ok((counts[at + 7] ?? 18) === 18, 'taken back within seconds');
  assert.ok(counts.filter((count) => count < 18).length < 72, 'less than 2 % of the time');
});

test('a machine that does more than it was believed to comes to video', FAST, () => {
  const wall = new Wall(inSoftware(), 36, {}, { video: 0.5, jpeg: 0.5 });
  wall.run(20);
  assert.equal(wall.videos, 0);
  wall.run(40);
  assert.equal(wall.videos, 36);
  wall.run(600);
  assert.equal(changesOf(wall.counts.slice(60)), 0);
});

test('video that is too much is taken back within seconds, and its tries cost next to nothing', FAST, () => {
  // JPEG leaves room for itself, and not for video.
  const wall = new Wall(inSoftware(), 36, {}, { video: 3.5, jpeg: 1.3 });
  wall.run(3600);
  const tries = wall.counts.slice(10).filter((count) => count > 0).length;
  assert.ok(tries >= 3 && tries <= 40, `${tries} seconds of tries`);
  assert.ok(wall.ofJpeg(3600) > 0.99, `${wall.ofJpeg(3600)} of JPEG alone`);
});

test('no wall draws fewer pictures than with JPEG alone once it has settled', FAST, () => {
  for (const count of [4, 16, 20, 24, 28, 36, 48, 64])
    for (const machine of [400, 1000, 2000, 4000]) {
      const wall = new Wall(inSoftware(), count, {}, ALONE, machine);
      wall.run(660);
      assert.ok(wall.ofJpeg(600) > 0.98, `${count} tiles, ${machine}: ${wall.ofJpeg(600)}`);
    }
});

test('what is late while a wall is opened takes no video away', FAST, () => {
  const wall = new Wall(inSoftware(), 16);
  for (let opened = 1; opened <= 16; opened += 1) {
    const tiles = wall.tiles.map((tile) => ({ ...tile, shown: tile.tile < opened }));
    wall.capacity.beat({ now: opened * 1000, tiles, delays: BEHIND });
    assert.equal(wall.capacity.choose(tiles, opened * 1000).size, 16);
  }
});

test('one late moment changes nothing', FAST, () => {
  const wall = new Wall(inSoftware(), 16);
  wall.run(20);
  wall.machine = 100;
  wall.run(1);
  wall.machine = MACHINE;
  wall.run(20);
  assert.ok(wall.counts.every((count) => count === 16));
});

test('a few tiles keep their video on a machine that is busy with something else for a while', FAST, () => {
  const wall = new Wall(inSoftware(), 4, {}, ALONE, 50);
  wall.run(8);
  assert.equal(wall.videos, 4);
});

test(
  'in software a tile that asks for few pictures a second gets JPEG, which is sent at that rate',
  FAST,
  () => {
    assert.equal(new Wall(inSoftware(), 4, { fps: 2 }).videos, 0);
    assert.equal(new Wall(new Capacity(true, CORES), 4, { fps: 2 }).videos, 4);
  },
);
