import assert from 'node:assert/strict';
import { test } from 'node:test';
import { CatchUp } from '../../src/wall/page/video/catch-up.js';
import { drawnSize } from '../../src/wall/page/video/drawn-size.js';
import { jpegReasonText } from '../../src/wall/page/video/jpeg-reasons.js';
import { PendingUnits } from '../../src/wall/page/video/pending-units.js';
import { RetryHold } from '../../src/wall/page/video/retry-hold.js';
import { follows, laterOf } from '../../src/wall/page/video/sequence-order.js';
import { UnitRate } from '../../src/wall/page/video/unit-rate.js';
import { type ChoosingTile, VideoChoice } from '../../src/wall/page/video/video-choice.js';

/** What the page decides about video, without a browser and with a clock of the test. */

const FAST = { timeout: 10_000 };
const CORES = 2;
const choosing = (id: number, more: Partial<ChoosingTile> = {}): ChoosingTile => ({
  id,
  wanted: true,
  paused: false,
  video: false,
  cost: null,
  fps: null,
  rate: null,
  drawn: 25,
  shown: true,
  late: false,
  ...more,
});
const ABLE = { forms: ['h264'], hardware: false, cores: CORES, why: null } as const;

test('a tile is told why it asks for no video', FAST, () => {
  const choice = new VideoChoice(ABLE);
  // Of a wall that is not known yet as many are tried as would fit.
  const all = Array.from({ length: 40 }, (_, id) => choosing(id));
  const answers = all.map((tile) => choice.codecsOf(tile, all, 0));
  assert.equal(answers.filter(({ codecs }) => codecs.join() === 'h264').length, 19);
  assert.equal(answers.filter(({ why }) => why === 'capacity').length, 21);
  assert.deepEqual(choice.codecsOf(choosing(1, { wanted: false }), all, 0), { codecs: [], why: 'user' });
  const plain = new VideoChoice({ ...ABLE, forms: [], why: 'insecure' });
  assert.deepEqual(plain.codecsOf(choosing(1), all, 0), { codecs: [], why: 'insecure' });
});

test('cameras that are not known yet are reckoned like those of the wall that are', FAST, () => {
  const reasons = (cost: number): unknown[] => {
    const choice = new VideoChoice(ABLE);
    const all = Array.from({ length: 64 }, (_, id) => choosing(id, { cost: id < 20 ? cost : null }));
    return [...new Set(all.map((tile) => choice.codecsOf(tile, all, 0).why))];
  };
  assert.deepEqual(reasons(320 * 180 * 10), [null]);
  assert.deepEqual(reasons(640 * 360 * 25), ['capacity']);
});

test('a tile that is seen alone has video although the whole wall has not', FAST, () => {
  const choice = new VideoChoice(ABLE);
  const all = Array.from({ length: 40 }, (_, id) => choosing(id, { cost: 640 * 360 * 25 }));
  const [first = choosing(0), ...others] = all;
  assert.equal(choice.codecsOf(first, all, 0).why, 'capacity');
  const alone = [first, ...others.map((tile) => ({ ...tile, paused: true }))];
  const none = { video: [], jpeg: [], queue: [] };
  choice.beat(alone, none, 1000);
  assert.equal(choice.codecsOf(first, alone, 1000).why, null);
  // The others come back.
  assert.equal(choice.codecsOf(others[0] ?? first, all, 1500).why, 'capacity');
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
  // A stream may name samples that are 65535 times as wide as high.
  for (const wanted of [{}, { width: 320, height: 180 }, { width: 1280, height: 720 }]) {
    const { width, height } = drawnSize({ width: 1920 * 65_535, height: 1080 }, wanted);
    assert.ok(width <= 8192 && height >= 1 && height <= 1080, `${width}x${height}`);
  }
});

/** Units of a camera, 40 ms apart, as a tile gets them. */
function count(
  rate: UnitRate,
  from: number,
  to: number,
  gets: (sequence: number) => boolean = () => true,
): void {
  for (let sequence = from; sequence <= to; sequence += 1)
    if (gets(sequence)) rate.add(sequence, sequence * 40);
}

test('the rate of a camera counts the units that were left out, and not the time without any', FAST, () => {
  const rate = new UnitRate();
  const counted = (): number => Math.round(rate.value ?? 0);
  count(rate, 0, 49);
  assert.equal(counted(), 0, 'two seconds are needed');
  count(rate, 50, 120, (sequence) => sequence % 7 === 0);
  assert.equal(counted(), 25);
  rate.pause();
  for (let second = 0; second <= 8; second += 1) rate.add(130 + second * 10, 100_000 + second * 1000);
  assert.equal(counted(), 25, 'a camera that sends less for a while');
  for (let second = 9; second <= 12; second += 1) rate.add(130 + second * 10, 100_000 + second * 1000);
  assert.equal(counted(), 10);
});

test('a camera that begins slowly is reckoned as a usual one for ten seconds', FAST, () => {
  const rate = new UnitRate();
  assert.equal(rate.reckoned, null);
  const reckoned: (number | null)[] = [];
  for (let second = 0; second <= 10; second += 1) {
    rate.add(second * 10, second * 1000);
    reckoned.push(rate.reckoned);
  }
  assert.deepEqual(reckoned, [null, null, 25, 25, 25, 25, 25, 25, 25, 25, 10]);
});

test('a clock that was set back, and a sequence that begins anew, give no wrong rate', FAST, () => {
  const rate = new UnitRate();
  count(rate, 0, 60);
  rate.add(61, 1);
  rate.add(0, 3000);
  rate.add(50, 5000);
  assert.equal(rate.value, 25);
  rate.clear();
  assert.equal(rate.value, null);
});
