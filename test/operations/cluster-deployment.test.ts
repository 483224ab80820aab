import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { parse, parseAllDocuments } from 'yaml';
import type { z } from 'zod';
import { loadConfig, SETTINGS } from '../../src/config/settings.js';
import { natsSettings } from '../../src/join-cluster.js';
import { tempFolder } from '../support/temp-folder.js';
import * as schema from './kubernetes-schema.js';

/** What runs several nodes and their NATS servers elsewhere: Kubernetes, compose, systemd. */

const DOCKER = fileURLToPath(new URL('../../../docker/', import.meta.url));
const read = (path: string): string => readFileSync(`${DOCKER}${path}`, 'utf8');
const options = { timeout: 30_000 };
/** Giving cameras away (15 s), and the orderly end (4.5 s). */
const END_SECONDS = 20;

const SHAPES = {
  ConfigMap: schema.configMap,
  Deployment: schema.deployment,
  NetworkPolicy: schema.networkPolicy,
  PodDisruptionBudget: schema.disruptionBudget,
  Secret: schema.secret,
  Service: schema.service,
  StatefulSet: schema.statefulSet,
} as const;
type Kind = keyof typeof SHAPES;

const documents = readdirSync(`${DOCKER}kubernetes/cluster`).flatMap((file) =>
  parseAllDocuments(read(`kubernetes/cluster/${file}`)).map((document) => document.toJS() as { kind: Kind }),
);

function manifest<K extends Kind>(kind: K, name: string): z.output<(typeof SHAPES)[K]> {
  const found = documents
    .filter((document) => document.kind === kind)
    .map((document) => SHAPES[kind].parse(document))
    .find(({ metadata }) => metadata.name === name);
  assert.ok(found, `${kind} ${name}`);
  return found as z.output<(typeof SHAPES)[K]>;
}

const nodes = () => manifest('Deployment', 'rtsp-stream-ws').spec;
const servers = () => manifest('StatefulSet', 'rtsp-stream-ws-nats').spec;

test('every manifest of the cluster has the shape of its kind, and no field besides', options, () => {
  assert.deepEqual([...new Set(documents.map(({ kind }) => kind))].sort(), Object.keys(SHAPES));
  for (const document of documents) SHAPES[document.kind].parse(document);
});

test('the nodes find the NATS servers by the names that the StatefulSet gives them', options, () => {
  const [container] = nodes().template.spec.containers;
  assert.ok(container);
  const secret = manifest('Secret', 'rtsp-stream-ws-cluster');
  assert.ok(container.envFrom?.some(({ secretRef }) => secretRef.name === secret.metadata.name));
  const plain = container.env.flatMap((variable) =>
    'value' in variable ? [[variable.name, variable.value] as const] : [],
  );
  for (const { name } of container.env) assert.ok(name in SETTINGS, name);
  const config = loadConfig({ ...Object.fromEntries(plain), ...secret.stringData });
  const { serviceName, replicas } = servers();
  assert.deepEqual(
    natsSettings(config)?.servers,
    Array.from({ length: replicas }, (_, i) => `${serviceName}-${i}.${serviceName}:4222`),
  );
  assert.equal(manifest('Service', serviceName).spec.clusterIP, 'None');
  assert.ok(
    container.env.some(
      (variable) =>
        variable.name === 'NODE_NAME' &&
        'valueFrom' in variable &&
        'fieldRef' in variable.valueFrom &&
        variable.valueFrom.fieldRef.fieldPath === 'metadata.name',
    ),
  );
});

test('the account that the manifests give the nodes is the one of their cluster', options, () => {
  const conf = manifest('ConfigMap', 'rtsp-stream-ws-nats').data['nats.conf'] ?? '';
  const [container] = nodes().template.spec.containers;
  assert.ok(container);
  const user = container.env.find(({ name }) => name === 'NATS_USER');
  assert.ok(user && 'value' in user);
  assert.match(conf, new RegExp(`user: ${user.value}\\b`));
  for (const subject of [SETTINGS.CLUSTER_NAME.fallback, '$KV.rtsp-ws-owners', '$JS.API'])
    assert.ok(conf.includes(`"${subject}.>"`), subject);
});

test('a rollout drains: a new node comes first, and the grace covers drain and end', options, () => {
  const { strategy, template, replicas } = nodes();
  assert.deepEqual(strategy, { type: 'RollingUpdate', rollingUpdate: { maxSurge: 1, maxUnavailable: 0 } });
  const [, seconds] = template.spec.containers[0]?.lifecycle?.preStop.exec.command ?? [];
  assert.ok(Number(seconds) + END_SECONDS < template.spec.terminationGracePeriodSeconds);
  for (const [name, count] of [
    ['rtsp-stream-ws', replicas],
    ['rtsp-stream-ws-nats', servers().replicas],
  ] as const) {
    const { maxUnavailable, selector } = manifest('PodDisruptionBudget', name).spec;
    assert.ok(maxUnavailable < count);
    assert.equal(selector.matchLabels['app.kubernetes.io/name'], name);
  }
});

test('the network lets nodes reach NATS, and nodes only', options, () => {
  const [out] = manifest('NetworkPolicy', 'rtsp-stream-ws-to-nats').spec.egress ?? [];
  assert.deepEqual(out?.ports, [{ protocol: 'TCP', port: 4222 }]);
  const [clients] = manifest('NetworkPolicy', 'rtsp-stream-ws-nats').spec.ingress ?? [];
  assert.deepEqual(clients?.ports, [{ protocol: 'TCP', port: 4222 }]);
  assert.deepEqual(clients.from, [
    { podSelector: { matchLabels: { 'app.kubernetes.io/name': 'rtsp-stream-ws' } } },
  ]);
});

test('compose starts the cluster only when asked to, with NATS on its own network', options, () => {
  const { services } = parse(read('compose.yaml')) as {
    services: Record<
      string,
      {
        profiles?: string[];
        ports?: string[];
        stop_grace_period?: string;
        environment?: Record<string, string>;
      }
    >;
  };
  const { node, nats } = services;
  for (const service of [node, nats]) assert.deepEqual(service?.profiles, ['cluster']);
  assert.equal(nats?.ports, undefined);
  assert.equal(node?.environment?.['NATS_URL'], 'nats://nats:4222');
  for (const name of Object.keys(node.environment)) assert.ok(name in SETTINGS, name);
  assert.ok(parseInt(node.stop_grace_period ?? '', 10) > END_SECONDS);
});

test('the systemd drop-in is one that systemd takes, and gives a node the time to drain', options, (t) => {
  const text = read('rtsp-stream-ws.cluster.conf');
  assert.ok(Number(/^TimeoutStopSec=(\d+)$/m.exec(text)?.[1]) > END_SECONDS);
  assert.match(text, /^EnvironmentFile=\/etc\//m);

  if (spawnSync('systemd-analyze', ['--version']).status !== 0) return;
  const folder = tempFolder(t);
  const unit = join(folder, 'rtsp-stream-ws.service');
  writeFileSync(unit, read('rtsp-stream-ws.service').replace('/usr/bin/node', process.execPath));
  mkdirSync(`${unit}.d`);
  writeFileSync(join(`${unit}.d`, 'cluster.conf'), text);
  // It names what it does not know, and passes over it.
  const { stdout, stderr } = spawnSync('systemd-analyze', ['verify', unit], { encoding: 'utf8' });
  assert.equal(`${stdout}${stderr}`, '');
});
