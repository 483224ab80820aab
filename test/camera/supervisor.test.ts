import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { ConnectGate } from '../../src/camera/life/connect-gate.js';
import type { CameraErrorCode } from '../../src/shared/errors.js';
import type { DecodePlan, RunCounters } from '../../src/shared/worker-protocol.js';
import { Supervisor, type SupervisorEvents, type SupervisorTimes } from '../../src/camera/life/supervisor.js';
import { FakeOpener } from '../support/fake-opener.js';
import { ManualClock, settle } from '../support/manual-clock.js';

const timeout = 30_000;
const TIMES: SupervisorTimes = {
  openMs: 10_000,
  stallMs: 5000,
  frozenAfterMs: 60_000,
  minMs: 1000,
  maxMs: 30_000,
  holdMs: 300_000,
};
const PLAN: DecodePlan = {
  outputs: [{ width: 640, height: 360, demands: [] }],
  pictures: 'all',
  video: false,
};
const KEY_FRAMES: DecodePlan = { ...PLAN, pictures: 'key_frames' };

const QUIET: SupervisorEvents = {
  frame: () => undefined,
  counted: () => undefined,
  unit: () => undefined,
  video: () => undefined,
  keyFrames: () => undefined,
  state: () => undefined,
  failed: () => undefined,
};

interface Failure {
  readonly code: CameraErrorCode;
  readonly first: boolean;
  readonly retryInMs: number;
}

/** A supervisor on a clock of its own; 0.5 is no jitter. */
async function start({
  clock = new ManualClock(),
  gate = new ConnectGate(4, clock),
  random = (): number => 0.5,
  plan = PLAN,
  times = TIMES,
} = {}) {
  const opener = new FakeOpener();
  const states: string[] = [];
  const gaps: (number | undefined)[] = [];
  const keyFrames: string[] = [];
  const failures: Failure[] = [];
  const counted: RunCounters[] = [];
  let frames = 0;
  const supervisor = new Supervisor(
    plan,
    opener,
    gate,
    times,
    clock,
    {
      frame: () => frames++,
      counted: (counters) => counted.push(counters),
      unit: () => undefined,
      video: () => undefined,
      keyFrames: (use) => keyFrames.push(use),
      state: ({ state, reason, maxGapMs }) => {
        const said = reason ? `${state} ${reason}` : state;
        if (states.at(-1) !== said) states.push(said);
        gaps.push(maxGapMs);
      },
      failed: ({ code, first, retryInMs }) => failures.push({ code, first, retryInMs }),
    },
    random,
  );
  await settle();
  return { clock, opener, states, gaps, keyFrames, failures, counted, supervisor, frames: () => frames };
}

/** Sends a frame every `every` ms for `ms`. */
async function play(
  { clock, opener }: Awaited<ReturnType<typeof start>>,
  ms: number,
  every = 1000,
): Promise<void> {
  for (let t = 0; t < ms; t += every) {
    opener.run.frame();
    await clock.advance(every);
  }
}

test('a camera is connecting until its first frame, then live', { timeout }, async () => {
  const it = await start();
  assert.equal(it.supervisor.status.state, 'connecting');
  it.opener.run.frame();
  assert.deepEqual(it.states, ['live']);
  assert.equal(it.frames(), 1);
  await it.supervisor.stop();
});

test('decoded frames alone are a sign of life while nobody wants JPEGs', { timeout }, async () => {
  const it = await start();
  it.opener.run.counters({ decoded: 1 });
  assert.equal(it.supervisor.status.state, 'live');
  for (let decoded = 2; decoded < 12; decoded++) {
    await it.clock.advance(4000);
    it.opener.run.counters({ decoded });
  }
  assert.deepEqual(it.states, ['live']);
  assert.equal(
    it.counted.reduce((sum, counters) => sum + counters.decoded, 0),
    11,
  );
  await it.supervisor.stop();
});

test('a camera that opens but sends nothing is given up after the open timeout', { timeout }, async () => {
  const it = await start();
  await it.clock.advance(TIMES.openMs - 1);
  assert.equal(it.opener.run.stops, 0);
  await it.clock.advance(1);
  assert.equal(it.opener.run.stops, 1);
  assert.deepEqual(it.states, ['offline open_timeout']);
  assert.deepEqual(it.failures, [{ code: 'open_timeout', first: true, retryInMs: 1000 }]);
  await it.supervisor.stop();
});

test(
  'a gap longer than the stall timeout makes a camera stale, then offline ten seconds after its last frame',
  { timeout },
  async () => {
    const it = await start();
    await play(it, 3000);
    await it.clock.advance(TIMES.stallMs - 1000);
    assert.equal(it.opener.runs[0]?.stops, 1);
    assert.deepEqual(it.states, ['live', 'stale stall']);
    await it.clock.advance(4990);
    assert.equal(it.supervisor.status.state, 'stale');
    await it.clock.advance(20);
    assert.deepEqual(it.states.at(-1), 'offline stall');
    assert.equal(it.failures[0]?.first, false);
    it.opener.run.frame();
    assert.equal(it.supervisor.status.state, 'live');
    assert.equal(it.supervisor.status.reason, null);
    await it.supervisor.stop();
  },
);

test(
  'the stall watchdog waits over a minute for key frames, and anew when all frames are wanted again',
  { timeout },
  async () => {
    const it = await start({ plan: KEY_FRAMES });
    it.opener.run.frame();
    await it.clock.advance(15_000);
    it.supervisor.setPlan(PLAN);
    assert.equal(it.opener.run.plan.pictures, 'all');
    await it.clock.advance(4990);
    assert.equal(it.opener.run.stops, 0);
    await it.clock.advance(20);
    assert.equal(it.opener.runs[0]?.stops, 1);
    await it.supervisor.stop();

    const keys = await start({ plan: KEY_FRAMES });
    keys.opener.run.frame();
    await keys.clock.advance(64_990);
    assert.equal(keys.opener.run.stops, 0);
    await keys.clock.advance(20);
    assert.equal(keys.opener.runs[0]?.stops, 1);
    await keys.supervisor.stop();
  },
);

test(
  'viewers are told how far apart key frames come, as it is learnt, and no longer when all frames come',
  { timeout },
  async () => {
    const it = await start();
    const { supervisor, clock, opener, gaps } = it;
    opener.run.frame();
    await play(it, 3000);
    supervisor.setPlan(KEY_FRAMES);
    assert.deepEqual(gaps, [undefined, 20_000], 'nothing is known yet');
    await play(it, 24_000, 8000);
    assert.deepEqual(gaps.splice(0), [undefined, 20_000, 15_000]);
    // Several renditions of one key frame, and the count of it, are one sign of life.
    opener.run.frame();
    opener.run.counters({ decoded: 30 });
    await clock.advance(200);
    opener.run.frame();
    await play(it, 80_000, 2000);
    assert.deepEqual(gaps.splice(0), [5000]);
    supervisor.setPlan(PLAN);
    assert.deepEqual(gaps, [], 'the newest picture is still a key frame');
    opener.run.frame();
    assert.deepEqual(gaps, [undefined]);
    assert.deepEqual(it.states.slice(0, 1), ['live']);
    assert.ok(it.states.every((state) => state === 'live'));
    await supervisor.stop();
  },
);

test('the same picture for a minute is frozen, another one is live again', { timeout }, async () => {
  const it = await start();
  for (let t = 0; t <= 60; t++) {
    it.opener.run.frame(7);
    await it.clock.advance(1000);
  }
  assert.deepEqual(it.states, ['live', 'frozen']);
  it.opener.run.frame(8);
  assert.deepEqual(it.states, ['live', 'frozen', 'live']);
  await it.supervisor.stop();
});

test('a frozen picture is seen in two renditions at once', { timeout }, async () => {
  const it = await start();
  for (let t = 0; t <= 60; t++) {
    it.opener.run.frame(7);
    it.opener.run.frame(9, '320x180q50');
    await it.clock.advance(1000);
  }
  assert.deepEqual(it.states, ['live', 'frozen']);
  await it.supervisor.stop();
});

test('pauses double to the longest one, with jitter of a fifth', { timeout }, async () => {
  for (const [random, factor] of [
    [0, 0.8],
    [0.5, 1],
    [1, 1.2],
  ] as const) {
    const it = await start({ random: () => random });
    for (let i = 0; i < 8; i++) {
      await it.opener.run.fail('refused');
      await it.clock.advance((it.failures.at(-1)?.retryInMs ?? 0) - 1);
      assert.equal(it.opener.runs.length, i + 1);
      await it.clock.advance(1);
      assert.equal(it.opener.runs.length, i + 2);
    }
    assert.deepEqual(
      it.failures.map((failure) => failure.retryInMs),
      [1, 2, 4, 8, 16, 30, 30, 30].map((s) => s * 1000 * factor),
    );
    assert.ok(it.failures.every((failure) => failure.first));
    await it.supervisor.stop();
  }
});

test('thirty seconds of life start the backoff anew, less do not', { timeout }, async () => {
  const it = await start();
  await it.opener.run.fail('refused');
  await it.clock.advance(1000);
  await play(it, 29_000);
  await it.opener.run.fail('disconnected');
  assert.equal(it.failures.at(-1)?.retryInMs, 2000);
  await it.clock.advance(2000);
  await play(it, 30_000);
  await it.opener.run.fail('disconnected');
  assert.deepEqual(it.failures.at(-1), { code: 'disconnected', first: false, retryInMs: 1000 });
  await it.supervisor.stop();
});

test('refused credentials are held for at least five minutes, whoever asks', { timeout }, async () => {
  const it = await start();
  await it.opener.run.fail('unauthorized');
  assert.equal(it.supervisor.lastFailure, 'unauthorized');
  assert.equal(it.failures.at(-1)?.retryInMs, 330_000);
  for (let t = 0; t < 329; t++) {
    it.supervisor.requestRetry();
    await it.clock.advance(1000);
  }
  assert.equal(it.opener.runs.length, 1);
  await it.clock.advance(1000);
  assert.equal(it.opener.runs.length, 2);
  await it.supervisor.stop();
});

test(
  'a request brings the next try forward to a second after the failure, however many come',
  { timeout },
  async () => {
    const it = await start();
    for (let i = 0; i < 5; i++) {
      await it.opener.run.fail('refused');
      await it.clock.advance(300);
      for (let viewer = 0; viewer < 100; viewer++) it.supervisor.requestRetry();
      await it.clock.advance(699);
      assert.equal(it.opener.runs.length, i + 1);
      await it.clock.advance(1);
      assert.equal(it.opener.runs.length, i + 2);
    }
    await it.supervisor.stop();
    assert.equal(it.clock.pending, 0);
  },
);

test('a request that comes long after the failure is granted at once', { timeout }, async () => {
  const it = await start();
  for (let i = 0; i < 5; i++) {
    await it.opener.run.fail('refused');
    await it.clock.advance(it.failures.at(-1)?.retryInMs ?? 0);
  }
  await it.opener.run.fail('refused');
  await it.clock.advance(5000);
  it.supervisor.requestRetry();
  await it.clock.advance(0);
  assert.equal(it.opener.runs.length, 7);
  await it.supervisor.stop();
});

test('a request in an earlier pause does not leave the next pause without an end', { timeout }, async () => {
  const it = await start();
  await it.opener.run.fail('refused');
  await it.clock.advance(500);
  it.supervisor.requestRetry();
  await it.clock.advance(500);
  await it.opener.run.fail('refused');
  await it.clock.advance(2000);
  assert.equal(it.opener.runs.length, 3);
  await it.opener.run.fail('refused');
  await it.supervisor.stop();
  assert.equal(it.clock.pending, 0);
});

test('a stream without video is retried with backoff, never in a hot loop', { timeout }, async () => {
  const it = await start();
  for (let t = 0; t < 60_000; t += 100) {
    if (it.opener.run.stops === 0) await it.opener.run.fail('no_video');
    await it.clock.advance(100);
  }
  // 1, 2, 4, 8, 16 and 30 s of pauses, two tries each.
  assert.ok(it.opener.runs.length <= 14, String(it.opener.runs.length));
  assert.equal(it.failures[0]?.code, 'no_video');
  await it.supervisor.stop();
});

test('a dead worker is replaced at once the first time, then with backoff', { timeout }, async () => {
  const it = await start();
  it.opener.run.frame();
  await it.opener.run.fail('worker_died');
  await it.clock.advance(0);
  assert.equal(it.opener.runs.length, 2);
  await it.opener.run.fail('worker_died');
  await it.clock.advance(999);
  assert.equal(it.opener.runs.length, 2);
  await it.clock.advance(1);
  assert.equal(it.opener.runs.length, 3);
  await it.supervisor.stop();
});

test('frames and counters after the stop belong to nobody', { timeout }, async () => {
  const it = await start();
  it.opener.obedient = false;
  it.opener.run.frame();
  const stopped = it.supervisor.stop();
  it.opener.run.frame();
  it.opener.run.counters({ decoded: 9 });
  assert.equal(it.frames(), 1);
  assert.deepEqual(it.counted, []);
  assert.deepEqual(it.states, ['live']);
  await stopped;
});

test('frames of a run that was given up do not make the camera live', { timeout }, async () => {
  const it = await start();
  await it.supervisor.stop();
  const slow = await start();
  slow.opener.obedient = false;
  await slow.opener.run.fail('refused');
  await slow.clock.advance(1000);
  await slow.clock.advance(TIMES.openMs);
  slow.opener.run.frame();
  assert.equal(slow.frames(), 0);
  assert.equal(slow.supervisor.status.state, 'offline');
  await slow.opener.run.end({ code: 'stopped' });
  assert.equal(slow.failures.at(-1)?.code, 'open_timeout');
  await slow.supervisor.stop();
});

test('a stop while it waits at the gate opens nothing and keeps no slot', { timeout }, async () => {
  const clock = new ManualClock();
  const gate = new ConnectGate(1, clock);
  const first = await start({ gate, clock });
  const second = await start({ gate, clock });
  assert.equal(second.opener.runs.length, 0);
  await second.supervisor.stop();
  await first.supervisor.stop();
  const third = await start({ gate, clock });
  assert.equal(third.opener.runs.length, 1);
  await third.supervisor.stop();
});

test('a stop in the turn in which the gate opens starts no run', { timeout }, async () => {
  const clock = new ManualClock();
  const gate = new ConnectGate(1, clock);
  const opener = new FakeOpener();
  await new Supervisor(PLAN, opener, gate, TIMES, clock, QUIET).stop();
  assert.equal(opener.runs.length, 0);
  assert.equal(clock.pending, 0);
  const request = { failedLast: false, rank: () => 'watched' as const };
  assert.ok(await gate.enter(request, new AbortController().signal));
});

test(
  'the first picture behind sixty silent cameras comes within three seconds, at first and ever after',
  { timeout },
  async () => {
    const clock = new ManualClock();
    const gate = new ConnectGate(16, clock);
    const silent = await Promise.all(Array.from({ length: 60 }, () => start({ clock, gate })));
    for (const afterMs of [0, 5000, 60_000]) {
      await clock.advance(afterMs);
      const honest = await start({ clock, gate });
      const waited = clock.now();
      while (honest.opener.runs.length === 0) await clock.advance(100);
      assert.ok(clock.now() - waited <= 2000, `${clock.now() - waited} ms`);
      await honest.supervisor.stop();
    }
    await Promise.all(silent.map(({ supervisor }) => supervisor.stop()));
    assert.equal(clock.pending, 0);
  },
);

test('when a switch comes back, all of its cameras are live within seconds', { timeout }, async () => {
  const clock = new ManualClock();
  const gate = new ConnectGate(16, clock);
  const cams = await Promise.all(
    Array.from({ length: 48 }, () => start({ clock, gate, random: Math.random })),
  );
  const isUp = async (): Promise<void> => {
    // A camera shows its first picture half a second after the connection.
    for (const { opener } of cams) if (opener.runs.length > 0 && opener.run.stops === 0) opener.run.frame();
    await clock.advance(500);
  };
  for (let i = 0; i < 10; i++) await isUp();
  assert.ok(cams.every(({ supervisor }) => supervisor.status.state === 'live'));
  await clock.advance(60_000);
  assert.ok(cams.every(({ supervisor }) => supervisor.status.state === 'offline'));
  // The longest pause is 30 s and a fifth; the open timeout may have begun just before.
  const back = clock.now();
  while (!cams.every(({ supervisor }) => supervisor.status.state === 'live') && clock.now() < back + 60_000)
    await isUp();
  assert.ok(clock.now() - back < 40_000, `${clock.now() - back} ms`);
  await Promise.all(cams.map(({ supervisor }) => supervisor.stop()));
});

test(
  'a stop while it opens, lives or pauses resolves when the run is gone and leaves no timer',
  { timeout },
  async () => {
    const steps: ((it: Awaited<ReturnType<typeof start>>) => Promise<void>)[] = [
      () => Promise.resolve(),
      (it) => play(it, 2000),
      async (it) => {
        await play(it, 2000);
        await it.clock.advance(4500);
      },
      (it) => it.opener.run.fail('refused'),
      async (it) => {
        await it.opener.run.fail('refused');
        it.supervisor.requestRetry();
      },
      (it) => it.opener.run.fail('unauthorized'),
    ];
    for (const step of steps) {
      const it = await start();
      await step(it);
      const stopped = it.supervisor.stop();
      assert.equal(it.supervisor.stop(), stopped, 'a second stop waits for the same end');
      await stopped;
      assert.equal(it.clock.pending, 0);
    }
  },
);

test('a stop waits for a run that takes its time to end', { timeout }, async () => {
  const clock = new ManualClock();
  const opener = new FakeOpener();
  opener.obedient = false;
  const supervisor = new Supervisor(PLAN, opener, new ConnectGate(1, clock), TIMES, clock, QUIET);
  await settle();
  let gone = false;
  const stopped = supervisor.stop().then(() => (gone = true));
  await clock.advance(30_000);
  assert.equal(gone, false);
  await opener.run.end({ code: 'stopped' });
  await stopped;
  assert.equal(clock.pending, 0);
});

test(
  'whatever happens in whatever order, tries are bounded and a stop leaves nothing',
  { timeout: 30_000 },
  async () => {
    const step = fc.oneof(
      fc.constantFrom(
        'frame',
        'refused',
        'no_video',
        'disconnected',
        'worker_died',
        'request',
        'keys',
        'all',
      ),
      fc.integer({ min: 1, max: 6000 }),
    );
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 40 }), async (steps) => {
        const it = await start();
        for (const does of steps) {
          if (typeof does === 'number') await it.clock.advance(does);
          else if (does === 'request') it.supervisor.requestRetry();
          else if (does === 'keys' || does === 'all')
            it.supervisor.setPlan(does === 'keys' ? KEY_FRAMES : PLAN);
          else if (does === 'frame') it.opener.run.frame();
          else await it.opener.run.fail(does);
        }
        const passed = it.clock.now();
        // Besides one a second: the first, the other probe and a worker's first death come without a pause.
        assert.ok(
          it.opener.runs.length <= 2 * (passed / 800) + 4,
          `${it.opener.runs.length} runs in ${passed} ms`,
        );
        await it.supervisor.stop();
        assert.equal(it.clock.pending, 0);
      }),
      { numRuns: 60 },
    );
  },
);
