import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { after, before, describe, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { parse } from 'yaml';
import { z } from 'zod';
import { openGo2rtcPlayer } from '../go2rtc/player.js';
import { openConfiguredService, rawGet, type ConfiguredService } from '../support/configured-service.js';
import { untilSeen } from '../support/until.js';
import { type Prometheus, startPrometheus } from './prometheus.js';

/** Alert rules and dashboard, asked of a real Prometheus that scrapes a real service. */

const DOCKER = fileURLToPath(new URL('../../../docker/', import.meta.url));
const read = (path: string): string => readFileSync(`${DOCKER}${path}`, 'utf8');
const options = { timeout: 40_000 };

const rules = z
  .object({
    groups: z.array(
      z.object({ rules: z.array(z.object({ alert: z.string(), expr: z.string() }).loose()) }).loose(),
    ),
  })
  .parse(parse(read('prometheus/alerts.yml')))
  .groups.flatMap((group) => group.rules);

const dashboard = z
  .object({
    uid: z.string(),
    templating: z.object({ list: z.array(z.object({ name: z.string(), definition: z.string() })) }),
    panels: z.array(
      z.object({
        id: z.number(),
        type: z.string(),
        title: z.string(),
        gridPos: z.object({ x: z.number(), y: z.number(), w: z.number(), h: z.number() }),
        datasource: z.object({ uid: z.string() }).optional(),
        targets: z.array(z.object({ expr: z.string(), legendFormat: z.string() })).default([]),
      }),
    ),
  })
  .parse(JSON.parse(read('grafana/dashboards/rtsp-stream-ws.json')));

/** As Grafana does it, with everything chosen. */
const filled = (expr: string): string =>
  expr.replaceAll('$__rate_interval', '5s').replaceAll('$camera', '.*').replaceAll('$instance', '.*');

/** Those of nodes in a cluster are looked at with one: cluster-monitoring-promtool-nats.test.ts. */
const isOfCluster = (expr: string): boolean => expr.includes('rtsp_ws_cluster_');

const panelQueries = dashboard.panels.flatMap(({ title, targets }) =>
  targets
    .filter(({ expr }) => !isOfCluster(expr))
    .map(({ expr, legendFormat }) => ({ title, expr: filled(expr), legendFormat })),
);

/** Panels that are rightly empty while nothing of their kind has happened. */
const MAY_BE_EMPTY = ['Changes of mode', 'Degraded cameras'];

test('promtool accepts the configuration and the rules', options, () => {
  for (const args of [
    ['check', 'rules', `${DOCKER}prometheus/alerts.yml`],
    ['check', 'config', `${DOCKER}prometheus/prometheus.yml`],
  ])
    execFileSync('promtool', args, { stdio: 'pipe' });
});

test('the dashboard is laid out without overlaps, on the data source that is provisioned', options, () => {
  const sources = z
    .object({ datasources: z.array(z.object({ uid: z.string() }).loose()) })
    .parse(parse(read('grafana/provisioning/datasources/prometheus.yml').replace('apiVersion: 1', '')));
  const uids = new Set(sources.datasources.map(({ uid }) => uid));
  const taken = new Map<string, string>();
  const ids = new Set<number>();
  for (const { id, title, type, gridPos, datasource } of dashboard.panels) {
    assert.ok(!ids.has(id), `${title}: id ${id} twice`);
    ids.add(id);
    if (type !== 'row') assert.ok(uids.has(datasource?.uid ?? ''), title);
    assert.ok(gridPos.x + gridPos.w <= 24, title);
    for (let x = gridPos.x; x < gridPos.x + gridPos.w; x++)
      for (let y = gridPos.y; y < gridPos.y + gridPos.h; y++) {
        assert.equal(taken.get(`${x},${y}`), undefined, `${title} lies over another panel`);
        taken.set(`${x},${y}`, title);
      }
  }
});

describe('with a Prometheus that scrapes a running service', { timeout: 60_000 }, () => {
  let configured: ConfiguredService;
  let prometheus: Prometheus;
  before(async () => {
    // Receivers that are not there: their series are.
    const receivers = { WEBHOOK_URLS: 'http://127.0.0.1:1/', MQTT_URL: 'mqtt://127.0.0.1:1' };
    const env = { STALL_TIMEOUT_MS: '1500', RETRY_MIN_MS: '200', ...receivers };
    configured = await openConfiguredService({ count: 2 }, env);
    const { service, cameras } = configured;
    prometheus = await startPrometheus(`${DOCKER}prometheus`, `127.0.0.1:${service.port}`);
    const plain = rawGet(service, '/stream.mjpeg?camera_index=cam1').resume();
    plain.on('error', () => undefined);
    for (const camera of ['cam1', 'cam2']) {
      const player = await openGo2rtcPlayer(service, `src=${camera}`);
      player.send('mjpeg');
      await player.when(() => player.pictures.length > 0);
    }
    await untilSeen(
      () => prometheus.query('rtsp_ws_camera_state{state="live"} == 1'),
      (result) => result.length === 2,
      10_000,
    );
    // A refusal and an outage, so that their series exist.
    await fetch(`${service.url}/snapshot?camera_index=nobody`);
    await cameras.fault('cam2', 'refuse');
    await untilSeen(
      () => prometheus.query('rtsp_ws_camera_state{camera="cam2",state="offline"} == 1'),
      (result) => result.length === 1,
      30_000,
    );
  }, options);
  after(async () => {
    await prometheus.stop();
    await configured.stop();
  }, options);

  test('every query of the dashboard parses, and gives data', options, async () => {
    for (const { title, expr, legendFormat } of panelQueries) {
      const result = await prometheus.query(expr);
      if (!MAY_BE_EMPTY.includes(title)) assert.ok(result.length > 0, `${title}: no data for ${expr}`);
      for (const [, label = ''] of legendFormat.matchAll(/\{\{(\w+)\}\}/g))
        for (const { metric } of result) assert.ok(metric[label], `${title}: no label ${label}`);
    }
  });

  test('the dashboard tells the live camera from the one that is offline', options, async () => {
    const timeline = panelQueries.find(({ title }) => title === 'State')?.expr ?? '';
    const states = new Map(
      (await prometheus.query(timeline)).map(({ metric, value }) => [metric['camera'], value[1]]),
    );
    assert.deepEqual([states.get('cam1'), states.get('cam2')], ['1', '5']);
    const why = panelQueries.find(({ title }) => title === 'Reconnects by reason')?.expr ?? '';
    const reasons = (await prometheus.query(why)).map(
      ({ metric }) => `${metric['camera']} ${metric['reason']}`,
    );
    assert.ok(reasons.includes('cam2 refused'), reasons.join(', '));
  });

  test('the variables of the dashboard find cameras and instances', options, async () => {
    for (const { name, definition } of dashboard.templating.list) {
      const found = /^label_values\((.+), (\w+)\)$/.exec(definition);
      assert.ok(found, definition);
      const [, selector = '', label = ''] = found;
      const series = await prometheus.query(filled(selector));
      assert.ok(series.length > 0 && series.every(({ metric }) => metric[label]), name);
    }
  });

  test(
    'every rule is loaded and healthy, and those that should are on their way to fire',
    options,
    async () => {
      const state = await untilSeen(
        async () =>
          z
            .object({
              groups: z.array(
                z.object({
                  rules: z.array(
                    z.object({
                      name: z.string(),
                      health: z.string(),
                      state: z.string(),
                      lastError: z.string().optional(),
                    }),
                  ),
                }),
              ),
            })
            .parse(await prometheus.api('rules'))
            .groups.flatMap((group) => group.rules),
        (loaded) =>
          loaded.every(({ health }) => health !== 'unknown') &&
          // Rules are looked at once a second: the one that must fire has perhaps not been looked at since.
          loaded.some((rule) => rule.name === 'CameraOffline' && rule.state !== 'inactive'),
      );
      assert.deepEqual(
        state.map(({ name, health }) => `${name} ${health}`).sort(),
        rules.map(({ alert }) => `${alert} ok`).sort(),
      );
      const inAlarm = new Set(state.filter((rule) => rule.state !== 'inactive').map(({ name }) => name));
      for (const quiet of ['ServiceDown', 'CameraFrozen', 'WorkerDied', 'AtCapacity'])
        assert.ok(!inAlarm.has(quiet), quiet);
    },
  );

  test('the rules and the dashboard name only metrics that the service has', options, async () => {
    const text = await (await fetch(`${configured.service.url}/metrics`)).text();
    const known = new Set([...text.matchAll(/^# TYPE (\w+) /gm)].map(([, name]) => name));
    const asked = [...rules.map((rule) => rule.expr), ...panelQueries.map((query) => query.expr)];
    for (const expr of asked.filter((one) => !isOfCluster(one)))
      for (const [name] of expr.matchAll(/\b(?:rtsp_ws|nodejs|process)_\w+/g))
        assert.ok(known.has(name.replace(/_bucket$/, '')), `${name} in ${expr}`);
  });
});
