import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { parse } from 'yaml';
import { z } from 'zod';
import { clusterRig } from '../cluster/rig.js';
import { untilSeen } from '../support/until.js';
import { startPrometheus } from './prometheus.js';

/** The cluster's alert rules and its row of the dashboard, asked of a real Prometheus that scrapes two real nodes. */

const DOCKER = fileURLToPath(new URL('../../../docker/', import.meta.url));
const read = (path: string): string => readFileSync(`${DOCKER}${path}`, 'utf8');

const rules = z
  .object({
    groups: z.array(z.object({ rules: z.array(z.object({ alert: z.string(), expr: z.string() }).loose()) })),
  })
  .parse(parse(read('prometheus/alerts.yml')))
  .groups.flatMap((group) => group.rules)
  .filter(({ expr }) => expr.includes('rtsp_ws_cluster_'));

const queries = z
  .object({
    panels: z.array(
      z.object({
        title: z.string(),
        targets: z.array(z.object({ expr: z.string(), legendFormat: z.string() })).default([]),
      }),
    ),
  })
  .parse(JSON.parse(read('grafana/dashboards/rtsp-stream-ws.json')))
  .panels.flatMap(({ title, targets }) => targets.map((target) => ({ title, ...target })))
  .filter(({ expr }) => expr.includes('rtsp_ws_cluster_'));

/** As Grafana does it, with everything chosen. */
const filled = (expr: string): string =>
  expr.replaceAll('$__rate_interval', '5s').replaceAll('$camera', '.*').replaceAll('$instance', '.*');

/** Empty as long as nothing of their kind has happened. */
const MAY_BE_EMPTY = ['Changes of owner'];

test(
  'the cluster is on the dashboard, and its rules fire when it breaks',
  { timeout: 90_000 },
  async (scope) => {
    const it = await clusterRig(scope, { nodes: ['a', 'b'] });
    const targets = ['a', 'b'].map((name) => `127.0.0.1:${it.node(name).port}`);
    const prometheus = await startPrometheus(`${DOCKER}prometheus`, ...targets);
    scope.after(() => prometheus.stop());
    const eyes = ['a', 'b'].flatMap((node) => [it.eye(node, 'cam1'), it.eye(node, 'cam2')]);
    await it.more(60, eyes);

    assert.ok(queries.length > 10);
    for (const { title, expr, legendFormat } of queries) {
      const isThere = (result: readonly unknown[]): boolean => result.length > 0;
      const result = MAY_BE_EMPTY.includes(title)
        ? await prometheus.query(filled(expr))
        : await untilSeen(() => prometheus.query(filled(expr)), isThere, 10_000);
      for (const [, label = ''] of legendFormat.matchAll(/\{\{(\w+)\}\}/g))
        for (const { metric } of result) assert.ok(metric[label], `${title}: no label ${label}`);
    }
    const owned = await prometheus.query('sum(rtsp_ws_cluster_cameras_owned)');
    assert.equal(owned[0]?.value[1], '2');

    const text = await (await fetch(`${it.node('a').url}/metrics`)).text();
    const known = new Set([...text.matchAll(/^# TYPE (\w+) /gm)].map(([, name]) => name));
    for (const { expr } of [...rules, ...queries])
      for (const [name] of expr.matchAll(/\brtsp_ws_\w+/g))
        assert.ok(known.has(name.replace(/_bucket$/, '')), `${name} in ${expr}`);

    for (const { alert, expr } of rules)
      assert.deepEqual(await prometheus.query(expr), [], `${alert} is quiet while all is well`);
    await it.nats.kill();
    const alarmed = async (alert: string): Promise<void> => {
      const rule = rules.find((one) => one.alert === alert);
      assert.ok(rule, alert);
      await untilSeen(
        () => prometheus.query(rule.expr),
        (result) => result.length === 2,
        20_000,
      );
    };
    await alarmed('NatsDisconnected');
    await alarmed('ClusterNodeMissing');
  },
);
