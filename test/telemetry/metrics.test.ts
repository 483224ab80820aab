import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Counter, Gauge, Histogram } from 'prom-client';
import { MetricSeries } from '../../src/camera/telemetry/metric-series.js';
import { CAMERA_STATES } from '../../src/shared/camera-state.js';
import { CAMERA_FAULTS } from '../../src/shared/errors.js';
import { createMetrics, DROP_STAGES, forgetCamera } from '../../src/telemetry/metrics.js';

const timeout = 30_000;

test('a forgotten camera leaves no series, the others keep theirs', { timeout }, async () => {
  const metrics = createMetrics();
  const stated = new Set<string>();
  for (const camera of ['gone', 'stays']) {
    for (const metric of Object.values(metrics)) {
      if (!(metric instanceof Counter) && !(metric instanceof Gauge)) continue;
      const { labelNames } = metric as unknown as { labelNames: readonly string[] };
      if (!labelNames.includes('camera')) continue;
      stated.add(labelNames.filter((name) => name !== 'camera').join());
      const values = { stage: DROP_STAGES, state: CAMERA_STATES, reason: Object.keys(CAMERA_FAULTS) };
      const extra = Object.entries(values).filter(([name]) => labelNames.includes(name));
      const sets =
        extra.length === 0 ? [{}] : extra.flatMap(([name, all]) => all.map((value) => ({ [name]: value })));
      for (const labels of sets) metric.inc({ camera, ...labels } as never, 1);
    }
  }
  assert.deepEqual([...stated].sort(), ['', 'reason', 'stage', 'state']);
  const count = async (camera: string): Promise<number> =>
    (await metrics.registry.metrics()).split(`camera="${camera}"`).length - 1;
  const before = await count('stays');
  assert.ok(before > 20);
  forgetCamera(metrics, 'gone');
  assert.equal(await count('gone'), 0);
  assert.equal(await count('stays'), before);
});

test('every metric of the service has its prefix and its unit’s ending', { timeout }, () => {
  for (const metric of Object.values(createMetrics())) {
    if (!(metric instanceof Counter) && !(metric instanceof Gauge) && !(metric instanceof Histogram))
      continue;
    const { name, help } = metric as unknown as { name: string; help: string };
    assert.match(name, /^rtsp_ws_[a-z_]+$/);
    assert.ok(help.length > 5);
    assert.equal(metric instanceof Counter, name.endsWith('_total'), name);
    if (metric instanceof Histogram) assert.match(name, /_seconds$/);
  }
});

test(
  'the counters of a stopped camera stay; the one that stopped first goes when there are too many, no configured one',
  { timeout },
  async () => {
    const metrics = createMetrics();
    const series = new MetricSeries(metrics, (camera) => camera === 'door', 2);
    const run = (camera: string): void => {
      series.started(camera);
      metrics.reconnects.inc({ camera, reason: 'stall' });
      series.stopped(camera);
    };
    for (const camera of ['door', 'a', 'b', 'a', 'c']) run(camera);
    const text = await metrics.registry.metrics();
    const kept = [...text.matchAll(/reconnects_total\{camera="(\w+)",reason="stall"\} (\d)/g)];
    assert.deepEqual(
      kept.map(([, camera, count]) => [camera, count]),
      [
        ['door', '1'],
        ['c', '1'],
      ],
    );
  },
);
