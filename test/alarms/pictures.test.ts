import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createAlarmMetrics } from '../../src/alarms/alarm-metrics.js';
import type { Connection } from '../../src/alarms/mqtt/mqtt-link.js';
import { Pictures } from '../../src/alarms/mqtt/pictures.js';
import type { Registry } from '../../src/camera/registry.js';
import { createMetrics } from '../../src/telemetry/metrics.js';
import { ManualClock } from '../support/manual-clock.js';

const timeout = 30_000;

/** Cameras with a picture a second, and a broker that takes what it is told to. */
function stage(names: readonly string[], everyMs = 10_000) {
  const clock = new ManualClock();
  const published: string[] = [];
  const cameras = new Map(
    names.map((name) => [
      name,
      { running: true, viewers: 0, options: { alwaysOn: true }, status: { state: 'live' } },
    ]),
  );
  const connection = {
    waitingBytes: 0,
    publishOnce: (topic: string) => published.push(`${Math.round(clock.now() / 1000)} ${topic}`),
  };
  const registry = {
    camera: (name: string) => cameras.get(name) ?? null,
    join: ({ camera: name }: { camera: string }) => {
      const camera = cameras.get(name);
      assert.ok(camera);
      camera.viewers++;
      const channel = {
        get latest() {
          return { jpeg: new ArrayBuffer(1), sequence: Math.floor(clock.now() / 1000), capturedAt: 0 };
        },
      };
      return { channel, camera, leave: () => (camera.viewers -= 1) };
    },
  } as unknown as Pick<Registry, 'join' | 'camera'>;
  const metrics = createAlarmMetrics(createMetrics().registry);
  const pictures = new Pictures(everyMs, {
    ...{ registry, clock, metrics },
    cameras: () => names,
    topic: (name) => name,
  });
  pictures.start(connection as unknown as Connection);
  return { clock, published, cameras, connection, metrics, pictures };
}

test('each camera has its picture in its turn, once in the time', { timeout }, async () => {
  const { clock, published, pictures } = stage(['a', 'b']);
  await clock.advance(31_000);
  assert.deepEqual(published, ['0 a', '5 b', '10 a', '15 b', '20 a', '25 b', '30 a']);
  pictures.stop();
  assert.equal(clock.pending, 0);
});

test('a hundred cameras do not publish all at once', { timeout }, async () => {
  const names = Array.from({ length: 100 }, (_, i) => `cam${i}`);
  const { clock, published } = stage(names);
  await clock.advance(20_000);
  const perSecond = new Map<string, number>();
  for (const each of published) {
    const [second = ''] = each.split(' ');
    perSecond.set(second, (perSecond.get(second) ?? 0) + 1);
  }
  assert.ok(Math.max(...perSecond.values()) <= 11, [...perSecond].join(' '));
});

test('no camera is opened or kept open for its pictures', { timeout }, async () => {
  const { clock, published, cameras } = stage(['a', 'b']);
  cameras.set('a', { running: false, viewers: 0, options: { alwaysOn: false }, status: { state: 'idle' } });
  const watched = { running: true, viewers: 1, options: { alwaysOn: false }, status: { state: 'live' } };
  cameras.set('b', watched);
  await clock.advance(20_000);
  assert.deepEqual(published, ['5 b', '15 b']);
  assert.equal(watched.viewers, 2);
  watched.viewers--;
  await clock.advance(10_000);
  assert.equal(watched.viewers, 0);
});

test(
  'an old picture is not published: not again, and not of a camera that is not live',
  { timeout },
  async () => {
    const { clock, published, cameras } = stage(['a']);
    await clock.advance(1000);
    const camera = cameras.get('a');
    assert.ok(camera);
    camera.status.state = 'stale';
    await clock.advance(40_000);
    assert.deepEqual(published, ['0 a']);
  },
);

test('while the broker does not take what it has, pictures are left out', { timeout }, async () => {
  const { clock, published, connection, metrics } = stage(['a']);
  connection.waitingBytes = 1e6;
  await clock.advance(35_000);
  assert.deepEqual(published, []);
  assert.equal((await metrics.dropped.get()).values[0]?.value, 4);
});
