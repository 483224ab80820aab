import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { RunEvents } from '../../src/decoding/camera-run.js';
import { startInTurn } from '../../src/decoding/start-in-turn.js';
import type { RunTask } from '../../src/decoding/worker-pool.js';
import type { DecodePlan } from '../../src/shared/worker-protocol.js';
import { FakeRun, UNCONFINED } from '../support/fake-opener.js';
import { settle } from '../support/manual-clock.js';

const timeout = 5000;
const PLAN: DecodePlan = { outputs: [], pictures: 'all', video: false };
const IGNORE: RunEvents = {
  started: () => undefined,
  frame: () => undefined,
  counters: () => undefined,
  unit: () => undefined,
  video: () => undefined,
};
const task = (camera: string): RunTask => ({
  camera,
  ffmpeg: { path: 'ffmpeg', version: '7.1', avformat: 61, hasFpsMode: true, ...UNCONFINED },
  pixels: 'yuv420p',
  source: {
    url: { scheme: 'rtsp', host: 'cam.lan', port: 554, pathAndQuery: '/' },
    credentials: null,
    address: '10.0.0.1',
    transport: 'tcp',
  },
  plan: PLAN,
  failedLast: false,
  aspect: null,
  openTimeoutMs: 10_000,
  stallTimeoutMs: 5000,
  skipLoopFilter: false,
});

/** A pool whose workers start and end when the test says so. */
function slowPool() {
  const begun: { readonly camera: string; readonly run: FakeRun; readonly events: RunEvents }[] = [];
  const pool = startInTurn(
    {
      run: ({ camera, plan }, events) => {
        const run = new FakeRun(plan, events, true);
        begun.push({ camera, run, events });
        return run;
      },
    },
    2,
  );
  return { pool, begun, names: () => begun.map(({ camera }) => camera) };
}

test('no more workers start at a time than the machine can start', { timeout }, async () => {
  const { pool, begun, names } = slowPool();
  for (const camera of ['a', 'b', 'c', 'd']) pool.run(task(camera), IGNORE);
  await settle();
  assert.deepEqual(names(), ['a', 'b'], 'two start');
  begun[0]?.events.started();
  begun[0]?.events.started();
  await settle();
  assert.deepEqual(names(), ['a', 'b', 'c'], 'one runs: the next starts, once');
  await begun[1]?.run.end({ code: 'worker_died', detail: '' });
  await settle();
  assert.deepEqual(names(), ['a', 'b', 'c', 'd'], 'one died while it started');
});

test('a run that is stopped before its turn starts no worker', { timeout }, async () => {
  const { pool, begun, names } = slowPool();
  for (const camera of ['a', 'b']) pool.run(task(camera), IGNORE);
  const waiting = pool.run(task('c'), IGNORE);
  pool.run(task('d'), IGNORE);
  await settle();
  waiting.stop();
  begun[0]?.events.started();
  assert.deepEqual(await waiting.ended, { code: 'stopped' });
  await settle();
  assert.deepEqual(names(), ['a', 'b', 'd']);
});
