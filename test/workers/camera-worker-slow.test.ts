import assert from 'node:assert/strict';
import { test, type TestContext } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { identify } from '../../bench/lib/frame-age.js';
import { startCameras, type CameraOptions } from '../../bench/virtual-camera/index.js';
import { preferredPixels, WorkerPool } from '../../src/decoding/worker-pool.js';
import { epochMs } from '../../src/shared/clock.js';
import { findFfmpeg } from '../../src/decoding/ffmpeg-build.js';
import { renditionKey } from '../../src/shared/rendition.js';
import type {
  DecodePlan,
  FrameMessage,
  RunCounters,
  RunEnd,
  UnitMessage,
  VideoReport,
} from '../../src/shared/worker-protocol.js';
import { PREPARED_MS } from '../../workers/stream-decoding.js';
import { CHOSEN_FFMPEG } from '../support/ffmpegs.js';
import { MachinePace } from '../support/machine-pace.js';
import { inBounds, onceInThreeTimes } from '../support/three-times.js';
import { until } from '../support/until.js';

/** Runs in worker threads, with a virtual camera at their other end. */

const timeout = 60_000;
const SMALL = { width: 320, height: 180 };
const LARGE = { width: 640, height: 360 };

const planOf = (size: typeof SMALL, pictures: DecodePlan['pictures'] = 'all'): DecodePlan => ({
  outputs: [{ ...size, demands: [{ key: renditionKey({ ...size, quality: 50 }), quality: 50, fps: null }] }],
  pictures,
  video: false,
});
const IDLE: DecodePlan = { outputs: [{ ...SMALL, demands: [] }], pictures: 'key_frames', video: false };

async function play(t: TestContext, options: Partial<CameraOptions>, plan: DecodePlan, failedLast = false) {
  const cameras = await startCameras({ ...SMALL, portsEach: true, gop: 25, ...options });
  t.after(() => cameras.stop());
  let started = 0;
  const pool = new WorkerPool(1, { ffmpegStarted: () => started++, workerDied: () => undefined });
  t.after(() => pool.close());
  const frames: (FrameMessage & { readonly at: number })[] = [];
  const units: UnitMessage[] = [];
  let video: VideoReport | null = null;
  let counted: RunCounters | null = null;
  const { hostname, port, pathname } = new URL(cameras.url(0).replace('rtsp:', 'http:'));
  const camera = pool.run(
    {
      camera: 'cam',
      ffmpeg: await findFfmpeg(CHOSEN_FFMPEG.path),
      pixels: preferredPixels(),
      source: {
        url: { scheme: 'rtsp', host: hostname, port: Number(port), pathAndQuery: pathname },
        credentials: null,
        address: hostname,
        transport: 'tcp',
      },
      plan,
      failedLast,
      aspect: null,
      openTimeoutMs: 10_000,
      stallTimeoutMs: 5000,
      skipLoopFilter: false,
    },
    {
      started: () => undefined,
      frame: (frame) => frames.push({ ...frame, at: epochMs() }),
      unit: (unit) => units.push(unit),
      counters: (counters) => (counted = counters),
      video: (report) => (video = report),
    },
  );
  t.after(async () => {
    camera.stop();
    await camera.ended;
  });
  const run: { end: RunEnd | null } = { end: null };
  void camera.ended.then((end) => (run.end = end));
  const numbers = async (): Promise<(number | null)[]> => {
    const log = await cameras.sent('cam1');
    return frames.map(
      ({ jpeg, at }) => identify(Buffer.from(jpeg), at, log, cameras.options.clipFrames)?.absolute ?? null,
    );
  };
  const sessions = async (): Promise<number> => (await cameras.list())[0]?.contacts.describes ?? 0;
  const decoders = { started: () => started, now: () => pool.pidsOf('cam').length };
  const counters = (): RunCounters | null => counted;
  return { cameras, camera, frames, units, run, numbers, sessions, decoders, counters, video: () => video };
}

const of = (frames: readonly FrameMessage[], { width }: typeof SMALL): number =>
  frames.filter(({ key }) => key.startsWith(`${width}x`)).length;

/** From one picture shown to the next; none comes twice or late. */
function stepsOf(numbers: readonly (number | null)[]): number[] {
  const steps = numbers.slice(1).map((number, i) => (number ?? NaN) - (numbers[i] ?? NaN));
  assert.ok(
    steps.every((step) => step > 0),
    `steps ${steps.join(' ')}`,
  );
  return steps;
}

/** A busy machine may leave one out. */
function assertFew(steps: readonly number[]): void {
  inBounds(steps.reduce((sum, step) => sum + step - 1, 0) <= 3, `steps ${steps.join(' ')}`);
}

test('every picture from the first key frame on is shown, once and in order', { timeout }, async (t) => {
  const it = await play(t, {}, planOf(SMALL));
  await onceInThreeTimes(async (attempt) => {
    await until('100 frames', () => it.frames.length >= 100 * (attempt + 1), 20_000);
    const numbers = await it.numbers();
    const [first = 0] = numbers;
    assert.equal((first ?? 1) % 25, 0, 'the first is a key frame');
    assertFew(stepsOf(numbers).slice(attempt * 100));
  });
  assert.equal(it.decoders.started(), 1);
});

test(
  'other sizes come without a missing, torn or repeated picture, in one session',
  { timeout },
  async (t) => {
    const it = await play(t, { ...LARGE, gop: 50 }, planOf(SMALL));
    const more = async (size: typeof SMALL, count: number): Promise<void> => {
      const before = it.frames.length;
      await until(`${size.width} wide`, () => of(it.frames.slice(before), size) > count, 20_000);
    };
    await more(SMALL, 30);
    await onceInThreeTimes(async (attempt) => {
      const before = it.frames.length;
      it.camera.setPlan(planOf(LARGE));
      await more(LARGE, 60);
      it.camera.setPlan(planOf(SMALL));
      await more(SMALL, 30);
      assert.equal(it.decoders.started(), 3 + 2 * attempt);
      assertFew(stepsOf(await it.numbers()).slice(Math.max(0, before - 10)));
    });
    assert.equal(await it.sessions(), 1);
    await until('one decoder is left', () => it.decoders.now() === 1);
  },
);

test(
  'from key frames alone back to everything takes no wait for a key frame and no other decoder',
  { timeout },
  async (t) => {
    const pace = new MachinePace(t);
    const it = await play(t, { gop: 250 }, IDLE);
    await until('a sign of life', () => (it.video()?.pictureAt ?? null) !== null, 20_000);
    // Well inside the group of pictures.
    await sleep(3000);
    const asked = epochMs();
    it.camera.setPlan(planOf(SMALL));
    await until('ten frames', () => it.frames.length >= 10, 5000);
    // The next key frame is seven seconds away, and so old is the last.
    const delay = (it.frames[0]?.at ?? Infinity) - asked;
    const bound = 500 + pace.delay(100, asked);
    assert.ok(delay < bound, `the first after ${Math.round(delay)} ms`);
    const ages = it.frames.map(({ at, capturedAt }) => at - capturedAt);
    assert.ok(Math.max(...ages) < bound - 200, `no picture of the past: ${ages.map(Math.round).join(' ')}`);
    assert.equal(it.decoders.started(), 1);
    assert.equal(await it.sessions(), 1);
  },
);

test(
  'with video alone every unit is handed over, and one picture in five seconds is decoded',
  { timeout },
  async (t) => {
    const sampled: DecodePlan = { ...planOf(SMALL, 'sampled'), video: true };
    const it = await play(t, {}, sampled);
    await until('ten seconds of units', () => it.units.length >= 250, 30_000);
    assert.equal(it.units[0]?.kind, 'key');
    const keys = it.units.filter(({ kind }) => kind === 'key').length;
    assert.ok(keys === 10 || keys === 11, `${keys} key units of 250`);
    assert.equal(it.video()?.codec, 'h264');
    assert.ok((it.video()?.units ?? 0) - it.units.length <= 30, 'none is left out');
    const decoded = it.counters()?.decoded ?? 0;
    assert.ok(decoded >= 2 && decoded <= 3, `${decoded} pictures decoded`);
    assert.equal(it.frames.length, decoded, 'each is encoded');
    assert.equal(it.decoders.started(), 1);
  },
);

test(
  'video that is wanted in the middle of a group of pictures comes from its key unit on, at once',
  { timeout },
  async (t) => {
    const it = await play(t, { gop: 250 }, planOf(SMALL));
    await until('two seconds of frames', () => it.frames.length >= 50, 20_000);
    const started = it.decoders.started();
    it.camera.setPlan({ ...planOf(SMALL), video: true });
    await until('units', () => it.units.length >= 70, 3000);
    assert.equal(it.units[0]?.kind, 'key');
    const times = it.units.map(({ capturedAt }) => capturedAt);
    assert.deepEqual(
      times,
      [...times].sort((a, b) => a - b),
    );
    assert.equal(it.decoders.started(), started);
    it.camera.setPlan(planOf(SMALL));
    await sleep(300);
    const { length } = it.units;
    await sleep(300);
    assert.equal(it.units.length, length, 'none comes that nobody wants');
  },
);

test('pictures are as old as the arrival of their last packet says, within 20 ms', { timeout }, async (t) => {
  for (const fps of [1, 30]) {
    const it = await play(t, { fps, gop: fps }, planOf(SMALL));
    await until('frames', () => it.frames.length >= 6, 20_000);
    const log = await it.cameras.sent('cam1');
    const errors = it.frames.map(({ jpeg, at, capturedAt }) => {
      const known = identify(Buffer.from(jpeg), at, log, it.cameras.options.clipFrames);
      return Math.abs(at - capturedAt - (known?.ageMs ?? Infinity));
    });
    errors.sort((a, b) => a - b);
    const middle = errors[Math.floor(errors.length / 2)] ?? Infinity;
    assert.ok(middle < 20, `at ${fps} fps off by ${errors.map(Math.round).join(' ')} ms`);
  }
});

test('the report tells units, key frames and the newest picture', { timeout }, async (t) => {
  const pace = new MachinePace(t);
  const it = await play(t, { fps: 25, gop: 25 }, planOf(SMALL));
  await until('three key frames', () => (it.video()?.keyFrames ?? 0) >= 3, 20_000);
  const report = it.video();
  assert.ok(report && report.units > 40);
  assert.ok(Math.abs((report.keyFrameGapMs ?? 0) - 1000) < 200, `${report.keyFrameGapMs} ms`);
  assert.ok(report.waitMs < 600);
  assert.equal(report.droppedUnits, 0);
  assert.ok(report.latenessMs < 300 + pace.delay(100), `${report.latenessMs} ms late`);
});

test(
  'of a camera that plays and sends nothing the decoder that was prepared does not stay',
  { timeout },
  async (t) => {
    const silent = { fault: 'silent-after-play' } as const;
    const it = await play(t, silent, planOf(SMALL));
    await until('it is prepared', () => it.decoders.now() === 1, 3000);
    await sleep(PREPARED_MS / 2);
    assert.equal(it.decoders.now(), 1, 'key frames may be seconds apart');
    await until('it is given up', () => it.decoders.now() === 0, PREPARED_MS);
    await it.cameras.fault('cam1', null);
    await until('frames', () => it.frames.length > 5);
    assert.equal(it.decoders.started(), 2);
  },
);

test(
  'none is prepared for a run after one without a picture, nor where nobody waits for pictures',
  { timeout },
  async (t) => {
    const silent = { fault: 'silent-after-play' } as const;
    const runs = await Promise.all([
      play(t, silent, planOf(SMALL), true),
      play(t, silent, IDLE),
      play(t, silent, { ...planOf(SMALL, 'sampled'), video: true }),
    ]);
    const playing = ({ cameras }: (typeof runs)[0]) =>
      cameras.list().then(([camera]) => camera?.clients === 1);
    await until('all play', async () => (await Promise.all(runs.map(playing))).every(Boolean), 5000);
    await sleep(500);
    assert.deepEqual(
      runs.map(({ decoders }) => decoders.started()),
      [0, 0, 0],
    );
  },
);

test('a session that the camera ends is the end of the run, with its reason', { timeout }, async (t) => {
  const it = await play(t, {}, planOf(SMALL));
  await until('frames', () => it.frames.length > 5, 20_000);
  await it.cameras.fault('cam1', 'reset:1');
  await until('the end', () => it.run.end !== null);
  assert.equal(it.run.end?.code, 'disconnected');
  assert.equal(it.decoders.now(), 0, 'nothing is left');
});

test(
  'pictures that cannot be read end the run as bad data, for which no key frame is awaited',
  { timeout },
  async (t) => {
    const it = await play(t, {}, planOf(SMALL));
    await until('frames', () => it.frames.length > 5, 20_000);
    await it.cameras.fault('cam1', 'garbage');
    await until('the end', () => it.run.end !== null, 15_000);
    assert.equal(it.run.end?.code, 'bad_data');
  },
);

test('a run that is told to stop ends its session and its decoder', { timeout }, async (t) => {
  const it = await play(t, {}, planOf(SMALL));
  await until('frames', () => it.frames.length > 5, 20_000);
  it.camera.stop();
  assert.deepEqual(await it.camera.ended, { code: 'stopped' });
  assert.equal(it.decoders.now(), 0);
  await until('nobody plays', async () => (await it.cameras.list())[0]?.clients === 0);
});
