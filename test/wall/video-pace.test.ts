import assert from 'node:assert/strict';
import { test } from 'node:test';
import { VIDEO_CREDIT_MS, VIDEO_CREDIT_UNITS } from '../../src/wall/protocol.js';
import { VideoFallback } from '../../src/wall/tile/video-fallback.js';
import {
  type InFlightFrame,
  type Offered,
  type PacedUnit,
  VideoPace,
} from '../../src/wall/tile/video-pace.js';

const FAST = { timeout: 5000 };
const FRAME_MS = 40;

/** A camera of 25 pictures a second, and a line that takes what it is given when the test says so. */
class Line {
  now = 0;
  readonly inFlight: InFlightFrame[] = [];
  readonly sent: { readonly kind: string; readonly sequence: number }[] = [];
  #sequence = 0;
  readonly pace = new VideoPace<PacedUnit>(this.inFlight, () => ++this.#sequence);

  unit(kind: PacedUnit['kind'], isLeading = false): PacedUnit {
    return { kind, capturedAt: this.now, isLeading, followsGap: false };
  }

  offer(kind: PacedUnit['kind'] = 'delta', isLeading = false): Offered {
    this.now += FRAME_MS;
    return this.pace.offer(this.unit(kind, isLeading), this.now);
  }

  send(): void {
    for (let next = this.pace.take(this.now); next; next = this.pace.take(this.now)) {
      const { unit, sequence, isBacklog } = next;
      this.sent.push({ kind: unit.kind, sequence });
      this.inFlight.push({
        sequence,
        bytes: 1000,
        sentAt: this.now,
        unit: { capturedAt: unit.capturedAt, isBacklog },
      });
    }
  }

  draw(): void {
    this.inFlight.length = 0;
  }

  /** @returns what became of each unit */
  play(count: number, isDrawn = true): Offered[] {
    return Array.from({ length: count }, () => {
      const offered = this.offer();
      this.send();
      if (isDrawn) this.draw();
      return offered;
    });
  }

  get kinds(): string {
    return this.sent.map(({ kind }) => kind).join(' ');
  }
}

test(
  'without a backlog a tile begins with the next key unit, without the leading ones behind it',
  FAST,
  () => {
    const line = new Line();
    line.pace.begin([], 0);
    assert.equal(line.offer(), 'left_out');
    assert.equal(line.offer('key'), 'queued');
    assert.equal(line.pace.state, 'begun');
    assert.equal(line.offer('delta', true), 'left_out');
    assert.equal(line.offer(), 'queued');
    assert.equal(line.pace.state, 'flowing');
    line.send();
    assert.equal(line.kinds, 'key delta');
    assert.deepEqual(
      line.sent.map(({ sequence }) => sequence),
      [1, 2],
      'nothing is missing that the tile needs',
    );
  },
);

test('a backlog goes as a whole, however long it is, and what comes meanwhile behind it', FAST, () => {
  const line = new Line();
  const backlog = [line.unit('key'), ...Array.from({ length: 99 }, () => line.unit('delta'))];
  line.pace.begin(backlog, 0);
  assert.equal(line.pace.state, 'joining');
  assert.equal(line.offer(), 'queued');
  line.send();
  assert.equal(line.sent.length, 101);
  assert.equal(line.pace.state, 'flowing');
  assert.ok(
    line.play(45, false).every((offered) => offered === 'queued'),
    'the browser has two seconds to decode it',
  );
});

test('of a backlog that still waits nothing is sent when a key unit comes', FAST, () => {
  const line = new Line();
  line.pace.begin([line.unit('key'), line.unit('delta')], 0);
  assert.equal(line.offer('key'), 'queued');
  line.send();
  assert.equal(line.kinds, 'key');
});

test('a tile sees by the sequence that units are missing in front of a key unit', FAST, () => {
  const line = new Line();
  line.pace.begin([], 0);
  const sequences = (units: readonly Partial<PacedUnit>[]): number[] => {
    for (const more of units) line.pace.offer({ ...line.unit('key'), ...more }, line.now);
    line.send();
    return line.sent.splice(0).map(({ sequence }) => sequence);
  };
  assert.deepEqual(sequences([{ followsGap: true }, { kind: 'delta' }, {}]), [1, 2, 3]);
  assert.deepEqual(sequences([{ followsGap: true }, { kind: 'delta' }]), [5, 6]);
});

test('a tile that is half a second behind gets nothing more before a key unit that fits', FAST, () => {
  const line = new Line();
  line.pace.begin([line.unit('key')], 0);
  line.send();
  line.draw();
  line.play(60);
  const offered = line.play(20, false);
  const taken = offered.indexOf('fell_behind');
  assert.equal(taken, Math.floor(VIDEO_CREDIT_MS / FRAME_MS) + 1);
  assert.equal(line.pace.state, 'skipping');
  assert.equal(line.pace.waiting, 0);
  assert.equal(line.offer('key'), 'skipped', 'it has not settled what it had');
  line.draw();
  assert.equal(line.offer(), 'skipped', 'a delta unit is of no use');
  assert.equal(line.offer('key'), 'queued');
  line.send();
  const [before, after] = line.sent.slice(-2);
  assert.ok(after && before && after.sequence - before.sequence > 1, 'the gap is seen');
  assert.equal(after.kind, 'key');
});

test(
  'a line that takes nothing makes the tile fall behind, too, and nothing more than that waits',
  FAST,
  () => {
    const line = new Line();
    line.pace.begin([line.unit('key')], 0);
    line.send();
    line.draw();
    line.play(60);
    const offered = Array.from({ length: 20 }, () => line.offer());
    assert.ok(offered.includes('fell_behind'));
    assert.equal(line.pace.waiting, 0);
  },
);

test('units are counted as well: a camera of 120 a second has the same credit in fewer ms', FAST, () => {
  const line = new Line();
  line.pace.begin([line.unit('key')], 0);
  line.send();
  line.draw();
  line.play(60);
  const offered = Array.from({ length: 40 }, () => {
    line.now -= FRAME_MS - 8;
    return line.play(1, false)[0];
  });
  assert.equal(offered.indexOf('fell_behind'), VIDEO_CREDIT_UNITS);
});

test('who gets no picture for over a second is told to take JPEG', FAST, () => {
  const line = new Line();
  line.pace.begin([line.unit('key')], 0);
  line.send();
  line.draw();
  line.play(60);
  const offered = line.play(50, false);
  const from = offered.indexOf('fell_behind');
  assert.equal(offered.indexOf('stays_behind') - from, 1000 / FRAME_MS + 1);
});

test('a backlog that is not acknowledged within two seconds counts as no credit', FAST, () => {
  const line = new Line();
  line.pace.begin([line.unit('key'), line.unit('delta')], 0);
  line.send();
  const offered = line.play(60, false);
  assert.equal(offered.indexOf('fell_behind'), 2000 / FRAME_MS - 1);
});

test(
  'video that falls behind twice in half a minute is given up, and tried again ever more rarely',
  FAST,
  () => {
    const it = new VideoFallback();
    assert.equal(it.mayTry(0), true);
    it.began(0);
    assert.equal(it.skipped(1000), false);
    assert.equal(it.skipped(40_000), false, 'long ago');
    assert.equal(it.skipped(60_000), true);
    let now = 100_000;
    const pauses = Array.from({ length: 7 }, () => {
      it.gaveUp(now);
      const from = now;
      while (!it.mayTry(now)) now += 1000;
      it.began(now);
      return (now - from) / 1000;
    });
    assert.deepEqual(pauses, [30, 60, 120, 240, 480, 600, 600]);
    it.began(8e6);
    it.gaveUp(8e6 + 300_001);
    assert.equal(it.mayTry(8e6 + 300_001 + 30_000), true, 'five good minutes');
  },
);
