import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Addresses } from '../../src/source/address-policy.js';
import { cameraOpener, type OpenerDeps } from '../../src/decoding/opener.js';
import type { DecodePlan } from '../../src/shared/worker-protocol.js';
import { parseRtspUrl } from '../../src/source/rtsp-url.js';
import type { RunEvents } from '../../src/decoding/camera-run.js';
import { FakeRun, UNCONFINED } from '../support/fake-opener.js';
import { settle } from '../support/manual-clock.js';

const timeout = 30_000;
const PLAN: DecodePlan = {
  outputs: [{ width: 640, height: 360, demands: [] }],
  pictures: 'all',
  video: false,
};
const FFMPEG = { path: 'ffmpeg', version: '7.1', avformat: 61, hasFpsMode: true, ...UNCONFINED };

const IGNORE: RunEvents = {
  started: () => undefined,
  frame: () => undefined,
  counters: () => undefined,
  unit: () => undefined,
  video: () => undefined,
};
const DEPS: OpenerDeps = {
  pool: {
    run: () => {
      throw new Error('nothing is to be run');
    },
  },
  ffmpeg: () => Promise.resolve(FFMPEG),
  pixels: 'yuv420p',
  openTimeoutMs: 10_000,
  stallTimeoutMs: 5000,
  skipLoopFilter: false,
  resolve: () => Promise.resolve(['10.0.0.1']),
};

/** An opener of a camera whose name has these addresses, and the runs that it began, by the host that they dial. */
function camera(addresses: Addresses) {
  const runs: { host: string; run: FakeRun }[] = [];
  const opener = cameraOpener(
    'cam',
    parseRtspUrl('rtsp://cam.lan/x'),
    { transport: 'tcp' },
    {
      ...DEPS,
      pool: {
        run: ({ source, plan }, events) => {
          const run = new FakeRun(plan, events, true);
          runs.push({ host: source.address, run });
          return run;
        },
      },
      resolve: () => Promise.resolve(addresses),
    },
  );
  const open = async () => {
    const opened = opener.open({ plan: PLAN }, IGNORE);
    await settle();
    return opened;
  };
  const last = () => {
    const found = runs.at(-1);
    if (!found) throw new Error('nothing was dialled');
    return found.run;
  };
  return { open, last, hosts: () => runs.map(({ host }) => host) };
}

test(
  'an address that refuses is followed by the next one at once, and the one with a picture is kept',
  { timeout },
  async () => {
    const it = camera(['10.0.0.1', '10.0.0.2', '10.0.0.3']);
    const first = await it.open();
    await it.last().end({ code: 'refused', detail: '' });
    await settle();
    it.last().frame();
    await it.last().end({ code: 'refused', detail: 'after a picture' });
    assert.deepEqual(await first.ended, { code: 'refused', detail: 'after a picture' });
    assert.deepEqual(it.hosts(), ['10.0.0.1', '10.0.0.2']);
    await it.open();
    assert.deepEqual(it.hosts(), ['10.0.0.1', '10.0.0.2', '10.0.0.2']);
  },
);

test('a camera is unreachable when all of its addresses are', { timeout }, async () => {
  const it = camera(['10.0.0.1', '10.0.0.2']);
  const { ended } = await it.open();
  await it.last().end({ code: 'unreachable', detail: '' });
  await settle();
  await it.last().end({ code: 'refused', detail: 'the last one' });
  assert.deepEqual(await ended, { code: 'refused', detail: 'the last one' });
  assert.deepEqual(it.hosts(), ['10.0.0.1', '10.0.0.2']);
});

test(
  'after a run that was given up without a picture the next one begins with the next address',
  { timeout },
  async () => {
    const it = camera(['10.0.0.1', '10.0.0.2']);
    const silent = await it.open();
    silent.stop();
    assert.deepEqual(await silent.ended, { code: 'stopped' });
    await it.open();
    assert.deepEqual(it.hosts(), ['10.0.0.1', '10.0.0.2']);
  },
);

test('an answer of the camera itself is no reason to ask at another address', { timeout }, async () => {
  const it = camera(['10.0.0.1', '10.0.0.2']);
  const { ended } = await it.open();
  await it.last().end({ code: 'unauthorized', detail: '' });
  assert.deepEqual(await ended, { code: 'unauthorized', detail: '' });
  assert.deepEqual(it.hosts(), ['10.0.0.1']);
});

test(
  'who stops between two addresses starts nothing more, and a new plan reaches the next address',
  { timeout },
  async () => {
    const it = camera(['10.0.0.1', '10.0.0.2']);
    const opened = await it.open();
    const end = it.last().end({ code: 'refused', detail: '' });
    opened.stop();
    await end;
    await opened.ended;
    assert.deepEqual(it.hosts(), ['10.0.0.1']);

    const other = await it.open();
    other.setPlan({ ...PLAN, pictures: 'key_frames' });
    await it.last().end({ code: 'refused', detail: '' });
    await settle();
    assert.equal(it.last().plan.pictures, 'key_frames');
  },
);

test(
  'an error of the program while it opens is not told as a name that does not resolve',
  { timeout },
  async () => {
    const opener = cameraOpener(
      'cam',
      parseRtspUrl('rtsp://cam.lan/x'),
      { transport: 'tcp' },
      {
        ...DEPS,
        resolve: () => Promise.reject(new TypeError('undefined is not iterable')),
      },
    );
    const { ended } = opener.open({ plan: PLAN }, IGNORE);
    const end = await ended;
    assert.ok(end.code === 'internal');
    assert.match(end.detail, /undefined is not iterable/);
  },
);
