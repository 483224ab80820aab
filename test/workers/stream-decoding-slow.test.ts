import assert from 'node:assert/strict';
import { test, type TestContext } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { findFfmpeg } from '../../src/decoding/ffmpeg-build.js';
import type { DecodePlan, FrameMessage } from '../../src/shared/worker-protocol.js';
import type { AccessUnit } from '../../src/video/access-unit.js';
import type { RunFault } from '../../workers/run-fault.js';
import { StreamDecoding } from '../../workers/stream-decoding.js';
import type { Picture } from '../../workers/unit-times.js';
import { accessUnit, encodeUnits, formatOf } from '../support/access-units.js';
import { NO_COUNTS } from '../support/fake-opener.js';
import { CHOSEN_FFMPEG, FFMPEGS } from '../support/ffmpegs.js';
import { jpegSize } from '../support/jpeg-size.js';
import { until } from '../support/until.js';

const timeout = 60_000;

const planOf = (width: number, height: number, pictures: DecodePlan['pictures'] = 'all'): DecodePlan => ({
  outputs: [{ width, height, demands: [{ key: `${width}x${height}q50`, quality: 50, fps: null }] }],
  pictures,
  video: false,
});

async function decoding(t: TestContext, plan: DecodePlan, path = CHOSEN_FFMPEG.path, inItsPlace = path) {
  const counters = { ...NO_COUNTS };
  const pictures: Picture[] = [];
  const frames: FrameMessage[] = [];
  const faults: RunFault[] = [];
  const pids: number[] = [];
  const options = {
    ffmpeg: { ...(await findFfmpeg(path)), path: inItsPlace },
    pixels: 'yuv420p',
    aspect: null,
    skipLoopFilter: false,
  } as const;
  const it = new StreamDecoding(plan, options, counters, {
    picture: (picture) => pictures.push(picture),
    hasRoom: () => true,
    send: (frame) => frames.push(frame),
    spawned: (pid) => pids.push(pid),
    reaped: () => undefined,
    failed: (fault) => faults.push(fault),
  });
  t.after(() => it.close());
  /** Gives units at their times. */
  const play = async (units: readonly AccessUnit[]): Promise<void> => {
    let before = units[0]?.mediaTimeMs ?? 0;
    for (const unit of units) {
      await sleep(Math.max(0, unit.arrivedAt - before));
      before = unit.arrivedAt;
      it.unit(unit);
    }
  };
  return { it, pictures, frames, faults, pids, play };
}

for (const ffmpeg of FFMPEGS)
  test(
    `with key frames alone each is shown at once, also with B-frames, with ${ffmpeg.name}`,
    { timeout },
    async (t) => {
      const args = ['-bf', '3', '-g', '10', '-x264-params', 'scenecut=0:open-gop=0'];
      const units = encodeUnits(t, { codec: 'h264', source: 'testsrc2=s=320x180:r=10:d=5', args });
      const keys = units.filter(({ randomAccess }) => randomAccess === 'key');
      assert.equal(keys.length, 5);
      const { it, pictures } = await decoding(t, planOf(320, 180, 'key_frames'), ffmpeg.path);
      const delays: number[] = [];
      for (const unit of units) {
        const shown = pictures.length;
        it.unit(unit);
        if (unit.randomAccess !== 'key') continue;
        const given = performance.now();
        await until('the key frame is shown', () => pictures.length > shown, 10_000);
        assert.equal(pictures.at(-1)?.arrivedAt, unit.arrivedAt);
        delays.push(performance.now() - given);
      }
      await sleep(200);
      assert.equal(pictures.length, 5, 'each once');
      assert.ok(Math.min(...delays) < 500, `${delays.map(Math.round).join(' ')} ms`);
    },
  );

test('another kind of picture in mid-stream takes another decoder, and no time', { timeout }, async (t) => {
  const encode = (size: string, codec: 'h264' | 'h265') => {
    const [width = 0, height = 0] = size.split('x').map(Number);
    return encodeUnits(t, { codec, source: `testsrc2=s=${size}:r=25:d=1`, format: { width, height } });
  };
  const streams = [encode('320x180', 'h264'), encode('320x240', 'h264'), encode('320x180', 'h265')];
  const units = streams.flatMap((stream, i) =>
    stream.map((unit) => ({
      ...unit,
      mediaTimeMs: unit.mediaTimeMs + i * 1000,
      arrivedAt: unit.arrivedAt + i * 1000,
    })),
  );
  const { play, pictures, faults, pids } = await decoding(t, planOf(320, 180));
  await play(units);
  await until('the last picture', () => pictures.at(-1)?.arrivedAt === units.at(-1)?.arrivedAt);
  assert.deepEqual(faults, []);
  assert.equal(pids.length, 3);
  const times = pictures.map(({ arrivedAt }) => arrivedAt);
  assert.deepEqual(
    times,
    [...times].sort((a, b) => a - b),
  );
});

test('a stream of which each unit has another size starts few decoders', { timeout }, async (t) => {
  const units = encodeUnits(t, {
    codec: 'h264',
    source: 'testsrc2=s=320x180:r=25:d=2',
    args: ['-g', '25', '-bf', '0'],
  });
  const { it, play, pids, pictures, faults } = await decoding(t, planOf(320, 180));
  const [key] = units;
  assert.ok(key);
  const before = process.cpuUsage();
  const began = performance.now();
  for (let i = 0; i < 2000; i++)
    it.unit(accessUnit(formatOf('h264', { width: 64 + 16 * (i % 60) }), key.data, -2000 + i));
  const { user, system } = process.cpuUsage(before);
  assert.ok(user + system < 2_000_000, 'its thread has other cameras, too');
  // Four at once, and four a second: not one for each of sixty sizes.
  const may = 5 + (4 * (performance.now() - began)) / 1000;
  assert.ok(pids.length <= may, `${pids.length} started`);
  await play(units);
  await until('the last picture', () => pictures.at(-1)?.arrivedAt === units.at(-1)?.arrivedAt);
  assert.deepEqual(faults, []);
  assert.ok(pids.length <= may + 3, `${pids.length} started`);
});

test(
  'what comes instead of what was announced costs another start, and nothing else',
  { timeout },
  async (t) => {
    const [first, ...units] = encodeUnits(t, {
      codec: 'h264',
      source: 'testsrc2=s=320x180:r=25:d=2',
      args: ['-bf', '0'],
    });
    assert.ok(first);
    for (const announced of [formatOf('h265'), formatOf('h264', { width: 352, height: 288 }), first.format]) {
      const { it, play, pids, pictures, faults } = await decoding(t, planOf(320, 180));
      it.prepare(announced);
      await until('it has been started', () => pids.length === 1);
      await sleep(300);
      await play([first, ...units]);
      await until('the last picture', () => pictures.at(-1)?.arrivedAt === units.at(-1)?.arrivedAt);
      assert.equal(pictures[0]?.arrivedAt, first.arrivedAt, 'from the first on');
      assert.equal(pids.length, announced === first.format ? 1 : 2);
      assert.deepEqual(faults, []);
      await it.close();
    }
  },
);

test('data that no picture can be made of is told with FFmpeg’s own words', { timeout }, async (t) => {
  const { it, play } = await decoding(t, planOf(320, 180));
  // Slices of an IDR picture whose parameter sets never come.
  const data = Uint8Array.of(0, 0, 0, 1, 0x65, 0x88, 0x84, 0x21, 0xa0, 0x3f, 1, 2, 3, 4, 5, 6, 7, 8, 9);
  const units = Array.from({ length: 60 }, (_, i) => accessUnit(formatOf('h264'), data, i * 40));
  await play(units);
  await until('it has read all', () => it.barren.ms > 1000);
  assert.match(it.barren.log, /PPS/);
});

test('pictures that are too large are refused before any process is started', { timeout }, async (t) => {
  const { it, faults, pids } = await decoding(t, planOf(320, 180));
  const format = formatOf('h264', { width: 8192, height: 8192 });
  it.unit({ ...accessUnit(format, new Uint8Array(10), 0), randomAccess: 'key' });
  const [fault] = faults;
  assert.equal(fault?.code, 'bad_data');
  assert.match(fault.detail, /8192x8192/);
  assert.deepEqual(pids, []);
});

test('a decoder that ends at once is the end, with its reason', { timeout }, async (t) => {
  const { it, faults } = await decoding(t, planOf(320, 180), CHOSEN_FFMPEG.path, '/bin/false');
  const [first] = encodeUnits(t, { codec: 'h264', source: 'testsrc2=s=320x180:r=25:d=1' });
  assert.ok(first);
  it.unit(first);
  await until('the fault', () => faults.length > 0);
  assert.deepEqual(faults, [{ code: 'ffmpeg_failed', detail: 'exit 1' }]);
});

test('a decoder that is killed after a while is replaced without another stream', { timeout }, async (t) => {
  const units = encodeUnits(t, {
    codec: 'h264',
    source: 'testsrc2=s=320x180:r=25:d=9',
    args: ['-bf', '0', '-g', '25'],
  });
  const { play, pids, pictures, faults } = await decoding(t, planOf(320, 180));
  const kill = setTimeout(() => {
    const [pid] = pids;
    if (pid !== undefined) process.kill(pid, 'SIGKILL');
  }, 6500);
  t.after(() => {
    clearTimeout(kill);
  });
  await play(units);
  assert.equal(pids.length, 2);
  assert.deepEqual(faults, []);
  await until('the last picture', () => pictures.at(-1)?.arrivedAt === units.at(-1)?.arrivedAt);
});
test('a rendition in the own size of a camera is encoded in it', { timeout }, async (t) => {
  const units = encodeUnits(t, { codec: 'h264', source: 'testsrc2=s=352x288:r=10:d=1' });
  const own = units.map((unit) => ({ ...unit, format: formatOf('h264', { width: 352, height: 288 }) }));
  const [first] = own;
  assert.ok(first);
  const { it, frames, play } = await decoding(t, planOf(0, 0));
  await play(own.map((unit) => ({ ...unit, format: first.format })));
  await until('frames', () => frames.length > 3, 20_000);
  assert.equal(frames[0]?.key, '0x0q50');
  assert.equal(jpegSize(Buffer.from(frames[0].jpeg)), '352x288');
  await it.close();
});
