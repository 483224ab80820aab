import assert from 'node:assert/strict';
import { test } from 'node:test';
import { epochMs } from '../../src/shared/clock.js';
import { parseRtspUrl } from '../../src/source/rtsp-url.js';
import { CameraError } from '../../src/shared/errors.js';
import { jpeg } from '../support/fake-opener.js';
import { PLAN_INTERVAL_MS } from '../../src/camera/planner.js';
import { settle } from '../support/manual-clock.js';
import { spec, testRegistry, watch } from '../support/test-registry.js';

const timeout = 30_000;
const AT = { at: 'rtsp://10.0.0.1/x' };
const always = (): boolean => true;

test('the second viewer joins the running stream and gets its newest frame', { timeout }, async () => {
  const it = testRegistry();
  const first = it.join('cam', AT);
  await settle();
  it.opener().run.frame(41);
  it.opener().run.frame(42);
  const second = it.join('cam', AT);
  assert.equal(second.channel, first.channel);
  assert.deepEqual([...new Uint8Array(second.channel.latest?.jpeg ?? jpeg())], [42]);
  assert.deepEqual(first.states, ['connecting', 'live']);
  assert.deepEqual(second.states, ['live']);
  assert.equal(it.opener().runs.length, 1);
});

test(
  'a viewer of a slow camera gets its newest frame although it is seconds old, as long as somebody watches',
  { timeout },
  async () => {
    const it = testRegistry();
    const first = it.join('cam', AT);
    await settle();
    it.opener().run.frame();
    first.channel.deliver({
      type: 'frame',
      key: '640x360q50',
      jpeg: jpeg(9),
      capturedAt: epochMs() - 3000,
      encodeMs: 1,
    });
    assert.ok(it.join('cam', AT).channel.current);
  },
);

test('an old frame from before a pause is not shown to who joins a live stream', { timeout }, async () => {
  const it = testRegistry();
  const first = it.join('cam', AT);
  await settle();
  it.opener().run.frame();
  first.channel.deliver({
    type: 'frame',
    key: '640x360q50',
    jpeg: jpeg(9),
    capturedAt: epochMs() - 3000,
    encodeMs: 1,
  });
  first.leave();
  const { channel } = it.join('cam', AT);
  assert.equal(channel.current, null);
  assert.ok(channel.latest, 'it is there for who dates what it shows');
  it.opener().run.frame();
  assert.ok(channel.current);
});

test('a camera lingers after its last viewer, then stops and is forgotten', { timeout }, async () => {
  const it = testRegistry();
  it.join('cam', AT).leave();
  for (let decoded = 1; decoded <= 10; decoded++) {
    await it.clock.advance(1000);
    it.opener().run.counters({ decoded });
  }
  await it.clock.advance(999);
  assert.equal(
    it.opener().run.stops,
    0,
    'a client that polls every ten seconds comes a little later than that',
  );
  assert.equal(it.registry.has('cam'), true);
  await it.clock.advance(1);
  assert.equal(it.opener().run.stops, 1);
  assert.equal(it.registry.has('cam'), false);
  assert.equal(it.clock.pending, 0);
});

test('who comes back within the linger keeps the run', { timeout }, async () => {
  const it = testRegistry();
  it.join('cam', AT).leave();
  await it.clock.advance(9000);
  it.opener().run.frame();
  const back = it.join('cam', AT);
  for (let t = 0; t < 30; t++) {
    it.opener().run.frame();
    await it.clock.advance(1000);
  }
  assert.equal(it.opener().run.stops, 0);
  assert.deepEqual(back.states, ['live']);
});

test(
  'who comes while the camera is on its way out waits until its session is free',
  { timeout },
  async () => {
    const it = testRegistry({ lingerMs: 0 });
    const seat = it.join('cam', AT);
    const opener = it.opener();
    opener.obedient = false;
    await settle();
    seat.leave();
    await it.clock.advance(0);
    assert.equal(opener.run.stops, 1);
    const back = it.join('cam', AT);
    await settle();
    assert.equal(opener.runs.length, 1, 'the old run is not gone yet');
    await opener.run.end({ code: 'stopped' });
    assert.equal(opener.runs.length, 2);
    opener.run.frame();
    assert.deepEqual(back.states, ['connecting', 'live']);
  },
);

test(
  'paused viewers cost no encoding, and after the linger key frames are decoded only',
  { timeout },
  async () => {
    const it = testRegistry();
    const seat = it.join('cam', AT);
    await settle();
    assert.deepEqual(it.opener().run.plan, {
      outputs: [{ width: 640, height: 360, demands: [{ key: '640x360q50', quality: 50, fps: null }] }],
      pictures: 'all',
      video: false,
    });
    seat.setActive(false);
    for (let decoded = 1; decoded <= 10; decoded++) {
      await it.clock.advance(1000);
      it.opener().run.counters({ decoded });
    }
    assert.deepEqual(it.opener().run.plan, {
      outputs: [{ width: 640, height: 360, demands: [] }],
      pictures: 'all',
      video: false,
    });
    await it.clock.advance(1000 + PLAN_INTERVAL_MS);
    assert.equal(it.opener().run.plan.pictures, 'key_frames');
    seat.setActive(true);
    await it.clock.advance(PLAN_INTERVAL_MS);
    assert.equal(it.opener().run.plan.pictures, 'all');
    assert.equal(it.opener().run.plan.outputs[0]?.demands.length, 1);
  },
);

test(
  'a snapshot every five or ten seconds opens the camera once and keeps its decoder',
  { timeout },
  async () => {
    for (const every of [5000, 10_000]) {
      const it = testRegistry();
      const plans = new Set<string>();
      let decoded = 0;
      for (let poll = 0; poll < 12; poll++) {
        const seat = it.join('cam', AT);
        await it.clock.advance(60 + 20 * (poll % 3));
        it.opener().run.frame();
        seat.leave();
        for (let ms = 0; ms < every; ms += 500) {
          await it.clock.advance(500);
          it.opener().run.counters({ decoded: (decoded += 12) });
          plans.add(it.opener().run.plan.pictures);
        }
      }
      assert.equal(it.openers.length, 1);
      assert.equal(it.opener().runs.length, 1);
      assert.deepEqual([...plans], ['all']);
    }
  },
);

test('a low rate is decoded whole where no key frame comes within five seconds', { timeout }, async () => {
  const it = testRegistry();
  const seat = it.join('cam', { ...AT, fps: 1 });
  await settle();
  assert.equal(it.opener().run.plan.pictures, 'key_frames');
  await it.clock.advance(4999);
  assert.equal(it.opener().run.plan.pictures, 'key_frames');
  await it.clock.advance(1 + PLAN_INTERVAL_MS);
  assert.equal(it.opener().run.plan.pictures, 'all');
  it.opener().run.frame();
  for (let second = 0; second < 60; second++) {
    await it.clock.advance(1000);
    it.opener().run.frame();
  }
  assert.equal(it.opener().run.plan.pictures, 'all', 'it stays so');
  assert.equal(it.opener().runs.length, 1);
  assert.deepEqual(seat.lost, []);
  assert.deepEqual(seat.states, ['connecting', 'live']);
});

test(
  'a viewer who comes back to a camera with rare key frames finds it live, not stale',
  { timeout },
  async () => {
    const it = testRegistry();
    const seat = it.join('cam', AT);
    await settle();
    const { run } = it.opener();
    let units = 0;
    const play = async (ms: number) => {
      for (let t = 0; t < ms; t += 500) {
        units += 5;
        const entry = { keyFrames: 1 + Math.floor(units / 300), keyFrameGapMs: units > 300 ? 30_000 : null };
        run.video({ units, ...entry, pictureAt: epochMs() });
        if (run.plan.pictures === 'all') run.frame();
        await it.clock.advance(500);
      }
    };
    await play(40_000);
    seat.setActive(false);
    await play(60_000);
    assert.equal(run.plan.pictures, 'all', 'no economy');
    seat.setActive(true);
    await play(1000);
    assert.deepEqual(seat.states, ['connecting', 'live']);
    assert.equal(it.opener().runs.length, 1);
  },
);

test('what is encoded follows the sizes, qualities and rates of the viewers', { timeout }, async () => {
  const it = testRegistry();
  it.join('cam', { ...AT, fps: 5 });
  await settle();
  const { run } = it.opener();
  assert.equal(run.plan.outputs[0]?.demands[0]?.fps, 5);
  const faster = it.join('cam', { ...AT, fps: 12 });
  await it.clock.advance(PLAN_INTERVAL_MS);
  assert.equal(run.plan.outputs[0].demands[0].fps, 12);
  const small = it.join('cam', { ...AT, width: 300, quality: 80 });
  await it.clock.advance(PLAN_INTERVAL_MS);
  assert.deepEqual(
    run.plan.outputs.map(({ width, demands }) => [width, demands.map(({ key }) => key)]),
    [
      [640, ['640x360q50']],
      [320, ['320x180q80']],
    ],
  );
  assert.equal(small.channel.topic, 'cam@320x180q80');
  const seen = watch(small.channel);
  run.frame(3, '320x180q80');
  run.frame(4);
  assert.deepEqual(seen, [3]);
  small.leave();
  faster.leave();
  await it.clock.advance(PLAN_INTERVAL_MS);
  const left = { width: 640, height: 360, demands: [{ key: '640x360q50', quality: 50, fps: 5 }] };
  assert.deepEqual(run.plan.outputs, [left, { width: 320, height: 180, demands: [] }]);
  for (let second = 0; second < 12; second++) {
    run.frame();
    await it.clock.advance(1000);
  }
  assert.deepEqual(run.plan.outputs, [left], 'a size is given up when nobody wanted it for the linger');
  run.frame(5, '320x180q80');
  assert.deepEqual(seen, [3], 'a rendition that nobody wants any more is not published');
});

test('a viewer that flips between sizes costs the camera no session for each flip', { timeout }, async () => {
  const it = testRegistry();
  it.join('cam', AT);
  await settle();
  const decoded = new Set<string>();
  for (let flip = 0; flip < 20; flip++) {
    const seat = it.join('cam', { ...AT, width: flip % 2 === 0 ? 320 : 1280 });
    await it.clock.advance(500);
    seat.leave();
    decoded.add(
      it
        .opener()
        .run.plan.outputs.map(({ width }) => width)
        .join(),
    );
  }
  assert.deepEqual([...decoded], ['640,320', '640,320,1280']);
});

test('nobody gets more than MAX_FPS, and a seat that is not active wants nothing', { timeout }, async () => {
  const it = testRegistry({ maxFps: 15 });
  const seat = it.join('cam', AT);
  await settle();
  assert.equal(it.opener().run.plan.outputs[0]?.demands[0]?.fps, 15);
  it.join('cam', { ...AT, fps: 30 });
  await it.clock.advance(PLAN_INTERVAL_MS);
  assert.equal(it.opener().run.plan.outputs[0]?.demands[0]?.fps, 15);
  const other = it.join('cam', { ...AT, width: 320 });
  const encoded = () =>
    it
      .opener()
      .run.plan.outputs.filter(({ demands }) => demands.length > 0)
      .map(({ width }) => width);
  await it.clock.advance(PLAN_INTERVAL_MS);
  other.setActive(false);
  await it.clock.advance(PLAN_INTERVAL_MS);
  assert.deepEqual(encoded(), [640]);
  other.setActive(true);
  await it.clock.advance(PLAN_INTERVAL_MS);
  assert.deepEqual(encoded(), [640, 320]);
  seat.leave();
});

test('the first failure is told to who waits, later ones keep the viewers', { timeout }, async () => {
  const it = testRegistry();
  const first = it.join('cam', AT);
  await settle();
  await it.opener().run.fail('refused');
  assert.deepEqual(
    first.lost.map((error) => error.code),
    ['refused'],
  );
  const second = it.join('cam', AT);
  await it.clock.advance(1000);
  it.opener().run.frame();
  await it.opener().run.fail('disconnected');
  assert.deepEqual(second.lost, []);
  assert.deepEqual(second.states.slice(-2), ['live', 'stale']);
});

test(
  'refused credentials are not tried again by new viewers, also after the linger, until the hold is over',
  { timeout },
  async () => {
    const it = testRegistry();
    it.join('cam', AT);
    await settle();
    await it.opener().run.fail('unauthorized');
    for (let t = 0; t < 299; t++) {
      assert.throws(() => it.join('cam', AT), CameraError);
      await it.clock.advance(1000);
    }
    assert.equal(it.openers.length, 1);
    assert.equal(it.opener().runs.length, 1);
    await it.clock.advance(62_000);
    assert.equal(it.registry.has('cam'), false);
    assert.equal(it.clock.pending, 0);
    it.join('cam', AT);
    await settle();
    assert.equal(it.openers.length, 2);
  },
);

test('corrected credentials need not wait for the hold of the wrong ones', { timeout }, async () => {
  const it = testRegistry();
  it.join('cam', AT);
  await settle();
  await it.opener().run.fail('unauthorized');
  await it.clock.advance(20_000);
  it.join('cam', { at: 'rtsp://user:right@10.0.0.1/x' });
  await settle();
  assert.equal(it.opener().runs.length, 1);
});

test(
  'a person may have refused credentials tried again, though not more often than every half minute',
  { timeout },
  async () => {
    const it = testRegistry();
    it.join('cam', AT);
    await settle();
    await it.opener().run.fail('unauthorized');
    await it.clock.advance(20_000);
    assert.equal(it.registry.retry(it.ask('cam', AT), always), false, 'too soon');
    assert.throws(() => it.join('cam', AT), CameraError);
    await it.clock.advance(10_000);
    assert.equal(it.registry.retry(it.ask('cam', AT), always), true);
    const viewer = it.join('cam', AT);
    await settle();
    assert.equal(
      it.openers.reduce((sum, { opener }) => sum + opener.runs.length, 0),
      2,
    );
    it.opener().run.frame();
    assert.deepEqual(viewer.states, ['connecting', 'live']);
  },
);

test('a camera that runs without viewers is tried again for a person at once', { timeout }, async () => {
  const it = testRegistry();
  it.registry.configure([spec('always', { alwaysOn: true })], null);
  await settle();
  await it.opener().run.fail('unauthorized');
  await it.clock.advance(30_000);
  assert.throws(() => it.join('always'), CameraError);
  assert.equal(it.registry.retry(it.ask('always'), always), true);
  const viewer = it.join('always');
  await settle();
  assert.equal(it.opener().runs.length, 2);
  it.opener().run.frame();
  assert.deepEqual(viewer.states, ['connecting', 'live']);
  await it.registry.close();
});

test(
  'a retry of a camera that waits for none is answered with no, and costs no try',
  { timeout },
  async () => {
    const it = testRegistry();
    let asked = 0;
    const retry = (): boolean =>
      it.registry.retry(it.ask('cam', AT), () => {
        asked++;
        return true;
      });
    assert.equal(retry(), false, 'nobody watches it: the next viewer has it opened');
    it.join('cam', AT);
    await settle();
    assert.equal(retry(), false, 'it is being opened');
    it.opener().run.frame();
    it.opener().run.frame();
    assert.equal(retry(), false, 'it is live');
    assert.equal(asked, 0);
    await it.opener().run.fail('refused');
    assert.equal(retry(), true);
    await settle();
    assert.deepEqual([it.opener().runs.length, asked], [2, 1]);
    assert.equal(retry(), false, 'it is being opened again');
  },
);

test('a camera that is changed in the file is tried with whatever it says now', { timeout }, async () => {
  const it = testRegistry();
  const at = (password: string) => spec('cam', { url: parseRtspUrl(`rtsp://user:${password}@10.0.0.1/x`) });
  const tries = () => it.openers.reduce((sum, { opener }) => sum + opener.runs.length, 0);
  for (const [i, password] of ['wrong', 'other', 'wrong'].entries()) {
    it.registry.configure([at(password)], null);
    it.join('cam');
    await settle();
    assert.equal(tries(), i + 1);
    await it.opener().run.fail('unauthorized');
    assert.throws(() => it.join('cam'), CameraError);
    await it.clock.advance(1000);
  }
});

test(
  'the state of a stopped camera goes, its counters stay and go on counting when it runs again',
  { timeout },
  async () => {
    const it = testRegistry({ lingerMs: 0 });
    const counted = async (name: string): Promise<string | undefined> =>
      new RegExp(`^rtsp_ws_${name}\\{camera="cam".*\\} (\\d+)$`, 'm').exec(
        await it.metrics.registry.metrics(),
      )?.[1];
    for (const decoded of [5, 12]) {
      const seat = it.join('cam', AT);
      await settle();
      const { run } = it.opener();
      run.frame();
      assert.equal(await counted('camera_degraded'), '0');
      run.counters({ decoded: decoded === 5 ? 5 : 7 });
      seat.leave();
      await it.clock.advance(0);
      run.frame();
      run.counters({ decoded: 99, partialFrames: 1 });
      await settle();
      assert.equal(it.registry.has('cam'), false);
      assert.equal(await counted('frames_decoded_total'), String(decoded));
      assert.equal(await counted('partial_frames_total'), '0');
      assert.equal(await counted('camera_state'), undefined);
      assert.equal(await counted('camera_degraded'), undefined);
    }
  },
);

test('renditions of viewers long gone are let go', { timeout }, async () => {
  const it = testRegistry();
  for (let quality = 1; quality <= 50; quality++) {
    const seat = it.join('cam', { ...AT, quality });
    await settle();
    it.opener().run.frame(1, `640x360q${quality}`);
    seat.leave();
  }
  it.join('cam', { ...AT, quality: 60 });
  const kept = Array.from({ length: 7 }, (_, i) => it.join('cam', { ...AT, quality: i + 1 }).channel.latest);
  assert.equal(kept.filter((frame) => frame !== null).length, 0);
});
