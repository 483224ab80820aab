import assert from 'node:assert/strict';
import { test } from 'node:test';
import { deferRun, openAfter } from '../../src/decoding/camera-run.js';
import { CameraError } from '../../src/shared/errors.js';
import type { DecodePlan } from '../../src/shared/worker-protocol.js';
import { FakeOpener } from '../support/fake-opener.js';
import { settle } from '../support/manual-clock.js';

const timeout = 30_000;
const PLAN: DecodePlan = {
  outputs: [{ width: 640, height: 360, demands: [] }],
  pictures: 'all',
  video: false,
};
const NEWER: DecodePlan = { ...PLAN, pictures: 'key_frames' };
const IGNORE = {
  started: () => undefined,
  frame: () => undefined,
  counters: () => undefined,
  unit: () => undefined,
  video: () => undefined,
};

test(
  'a deferred run begins with the newest plan, and later plans and the stop go to it',
  { timeout },
  async () => {
    const opener = new FakeOpener();
    let open = (): void => undefined;
    const before = new Promise<void>((resolve) => (open = resolve));
    const run = openAfter(before, opener).open({ plan: PLAN }, IGNORE);
    run.setPlan(NEWER);
    await settle();
    assert.equal(opener.runs.length, 0);
    open();
    await settle();
    assert.deepEqual(opener.run.plan, NEWER);
    run.setPlan(PLAN);
    assert.deepEqual(opener.run.plan, PLAN);
    run.stop();
    assert.deepEqual(await run.ended, { code: 'stopped' });
    assert.equal(opener.run.stops, 1);
  },
);

test('a run that is stopped before it begins never begins', { timeout }, async () => {
  const opener = new FakeOpener();
  const run = openAfter(Promise.resolve(), opener).open({ plan: PLAN }, IGNORE);
  run.stop();
  assert.deepEqual(await run.ended, { code: 'stopped' });
  assert.equal(opener.runs.length, 0);
});

test('a camera’s error ends the run with its code, any other is told as internal', { timeout }, async () => {
  const ended = (error: unknown) =>
    deferRun(PLAN, () => {
      throw error;
    }).ended;
  assert.deepEqual(await ended(new CameraError('dns', 'no such name')), {
    code: 'dns',
    detail: 'no such name',
  });
  const end = await ended(new TypeError('x is not a function, rtsp://user:secret@10.0.0.1/'));
  assert.ok(end.code === 'internal');
  assert.match(end.detail, /x is not a function/);
  assert.doesNotMatch(end.detail, /secret/);
});
