import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { VideoBacklog } from '../../src/camera/video-backlog.js';
import type { VideoUnit } from '../../src/camera/video-channel.js';

const FAST = { timeout: 30_000 };
const format = { codec: 'h264', codecString: 'avc1.4d401e', width: 640, height: 360 } as const;

const unit = (kind: VideoUnit['kind'], fill: number, bytes = 10, capturedAt = fill): VideoUnit => ({
  kind,
  data: new Uint8Array(bytes).fill(fill).buffer,
  capturedAt,
  isLeading: false,
  followsGap: false,
  format,
});

const shown = (units: readonly VideoUnit[]): string[] =>
  units.map(
    ({ kind, data, capturedAt }) =>
      `${kind} ${capturedAt} ${data.byteLength}x${new Uint8Array(data)[0] ?? ''}`,
  );

test('the units come out as they went in, over groups of any size', FAST, () => {
  const backlog = new VideoBacklog();
  for (const bytes of [10, 100_000, 1000, 3, 500_000, 20]) {
    const group = [unit('key', 1, bytes * 3), unit('delta', 2, bytes), unit('delta', 3, bytes + 1)];
    for (const one of group) backlog.push(one);
    assert.deepEqual(backlog.units(), group);
  }
});

test('what a viewer was given stays as it is when the next group comes', FAST, () => {
  const backlog = new VideoBacklog();
  backlog.push(unit('key', 1));
  backlog.push(unit('delta', 2));
  const given = backlog.units();
  backlog.push(unit('key', 7));
  assert.deepEqual(shown(given), ['key 1 10x1', 'delta 2 10x2']);
  assert.deepEqual(shown(backlog.units()), ['key 7 10x7']);
});

test('units before the first key unit, and after a bound was passed, are left out', FAST, () => {
  const backlog = new VideoBacklog();
  backlog.push(unit('delta', 1));
  assert.deepEqual(backlog.units(), []);
  backlog.push(unit('key', 2, 5_000_000));
  backlog.push(unit('delta', 3, 5_000_000));
  backlog.push(unit('delta', 4));
  assert.deepEqual(backlog.units(), []);
});

test('no buffer that viewers were sent is kept: full collections would have to free it', FAST, async () => {
  setFlagsFromString('--expose-gc');
  const gc = runInNewContext('gc') as () => void;
  const backlog = new VideoBacklog();
  const buffers = ['key', 'delta', 'delta'].map((kind, at) => {
    const one = unit(kind as VideoUnit['kind'], at + 1, 5000);
    backlog.push(one);
    return new WeakRef(one.data);
  });
  // A WeakRef holds its target to the end of the turn.
  while (buffers.some((buffer) => buffer.deref() !== undefined)) {
    await sleep(1);
    gc();
  }
  assert.deepEqual(shown(backlog.units()), ['key 1 5000x1', 'delta 2 5000x2', 'delta 3 5000x3']);
});
