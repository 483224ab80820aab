import assert from 'node:assert/strict';
import { execFileSync, spawnSync } from 'node:child_process';
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { parse } from 'yaml';
import type { z } from 'zod';
import { cameraDefaults, parseConfigFile } from '../../src/config/cameras-file.js';
import { loadConfig, SETTINGS } from '../../src/config/settings.js';
import * as schema from './kubernetes-schema.js';
import { tempFolder } from '../support/temp-folder.js';

/** What runs the service elsewhere: Kubernetes, systemd, compose. */

const DOCKER = fileURLToPath(new URL('../../../docker/', import.meta.url));
const read = (path: string): string => readFileSync(`${DOCKER}${path}`, 'utf8');
const manifest = <T extends z.ZodType>(file: string, shape: T): z.output<T> =>
  shape.parse(parse(read(`kubernetes/${file}`)));
const options = { timeout: 30_000 };

const MANIFESTS = {
  'cameras.yaml': schema.configMap,
  'credentials.example.yaml': schema.secret,
  'deployment.yaml': schema.deployment,
  'network-policy.yaml': schema.networkPolicy,
  'service.yaml': schema.service,
} as const;

test('every Kubernetes manifest has the shape of its kind, and no field besides', options, () => {
  assert.deepEqual(readdirSync(`${DOCKER}kubernetes`).sort(), [...Object.keys(MANIFESTS), 'cluster'].sort());
  for (const [file, shape] of Object.entries(MANIFESTS)) manifest(file, shape);
  const misspelled = read('kubernetes/deployment.yaml').replace(
    'readOnlyRootFilesystem',
    'readonlyRootFilesystem',
  );
  assert.equal(schema.deployment.safeParse(parse(misspelled)).success, false);
});

test('the manifests name each other as they are called', options, () => {
  const { spec } = manifest('deployment.yaml', schema.deployment);
  const pod = spec.template.spec;
  const [container] = pod.containers;
  assert.ok(container);
  const own = spec.template.metadata.labels;
  for (const wanted of [
    spec.selector.matchLabels,
    manifest('service.yaml', schema.service).spec.selector,
    manifest('network-policy.yaml', schema.networkPolicy).spec.podSelector.matchLabels,
  ])
    for (const [label, value] of Object.entries(wanted)) assert.equal(own[label], value);
  const volumes = new Set(pod.volumes.map(({ name }) => name));
  for (const { name } of container.volumeMounts) assert.ok(volumes.has(name), name);
  const configMap = manifest('cameras.yaml', schema.configMap);
  assert.ok(
    pod.volumes.some((volume) => 'configMap' in volume && volume.configMap.name === configMap.metadata.name),
  );
  const secret = manifest('credentials.example.yaml', schema.secret);
  assert.equal(container.envFrom?.[0]?.secretRef.name, secret.metadata.name);
  const [http] = container.ports;
  assert.equal(http?.containerPort, Number(SETTINGS.PORT.fallback));
  const service = manifest('service.yaml', schema.service);
  for (const target of [
    container.startupProbe.httpGet.port,
    container.livenessProbe.httpGet.port,
    container.readinessProbe.httpGet.port,
    ...service.spec.ports.map(({ targetPort }) => targetPort),
  ])
    assert.equal(target, http.name);
  for (const { name } of container.env) assert.ok(name in SETTINGS, name);
});

test("the manifests' cameras and settings are ones that the service takes", options, () => {
  const credentials = manifest('credentials.example.yaml', schema.secret).stringData;
  const [container] = manifest('deployment.yaml', schema.deployment).spec.template.spec.containers;
  const env = {
    ...credentials,
    ...Object.fromEntries(
      container?.env.map((variable) => [variable.name, 'value' in variable ? variable.value : '']) ?? [],
    ),
  };
  const config = loadConfig(env);
  const file = manifest('cameras.yaml', schema.configMap).data['cameras.yaml'] ?? '';
  const { cameras } = parseConfigFile(file, 'cameras.yaml', cameraDefaults(config), env);
  assert.deepEqual(
    cameras.map(({ name }) => name),
    ['front-door', 'yard'],
  );
  // Where the service may dial and where the network lets it are the same places.
  const [egress] = manifest('network-policy.yaml', schema.networkPolicy).spec.egress ?? [];
  assert.deepEqual(
    egress?.to.map((peer) => ('ipBlock' in peer ? peer.ipBlock.cidr : '')),
    config.RTSP_ALLOW,
  );
});

test('the pod has time to drain: preStop and the orderly end fit its grace period', options, () => {
  const pod = manifest('deployment.yaml', schema.deployment).spec.template.spec;
  const [, seconds] = pod.containers[0]?.lifecycle?.preStop.exec.command ?? [];
  assert.ok(Number(seconds) + 5 < pod.terminationGracePeriodSeconds);
});

/** Key to values, by section, of a unit file without line continuations. */
function unitOf(text: string): Map<string, string[]> {
  const unit = new Map<string, string[]>();
  let section = '';
  for (const line of text.split('\n')) {
    if (line === '' || line.startsWith('#')) continue;
    const header = /^\[(\w+)\]$/.exec(line);
    if (header) section = header[1] ?? '';
    else {
      const pair = /^([A-Za-z]+)=(.*)$/.exec(line);
      assert.ok(pair && section !== '', `not of a unit file: ${line}`);
      const key = `${section}.${pair[1]}`;
      unit.set(key, [...(unit.get(key) ?? []), pair[2] ?? '']);
    }
  }
  return unit;
}

test('the systemd unit is one that systemd takes, and gives no more rights than are needed', options, (t) => {
  const text = read('rtsp-stream-ws.service');
  const unit = unitOf(text);
  for (const [key, value] of [
    ['DynamicUser', 'yes'],
    ['NoNewPrivileges', 'yes'],
    ['ProtectSystem', 'strict'],
    ['CapabilityBoundingSet', ''],
    ['KillMode', 'mixed'],
  ] as const)
    assert.deepEqual(unit.get(`Service.${key}`), [value], key);
  assert.ok(unit.has('Service.MemoryMax'));
  assert.ok(!unit.has('Service.MemoryDenyWriteExecute'), 'V8 needs memory that it writes and then runs');
  assert.ok(Number(unit.get('Service.TimeoutStopSec')?.[0]) > 5);

  if (spawnSync('systemd-analyze', ['--version']).status !== 0) return;
  const copy = join(tempFolder(t), 'rtsp-stream-ws.service');
  // systemd looks whether the program is there; this machine may have its Node elsewhere.
  writeFileSync(copy, text.replace('/usr/bin/node', process.execPath));
  const verified = spawnSync('systemd-analyze', ['verify', copy], { encoding: 'utf8' });
  assert.equal(`${verified.stdout}${verified.stderr}`, '');
  assert.equal(verified.status, 0);
  // 10 is everything exposed, 0 nothing; it fails above the threshold (in tenths).
  execFileSync('systemd-analyze', ['security', '--offline=true', '--threshold=20', '--no-pager', copy], {
    stdio: 'pipe',
  });
});

test('compose starts Prometheus and Grafana only when asked to, on this machine alone', options, () => {
  const compose = parse(read('compose.yaml')) as {
    services: Record<string, { profiles?: string[]; ports?: string[]; volumes?: string[] }>;
  };
  for (const name of ['prometheus', 'grafana']) {
    const { profiles, ports = [], volumes = [] } = compose.services[name] ?? {};
    assert.deepEqual(profiles, ['monitoring']);
    for (const port of ports) assert.match(port, /^127\.0\.0\.1:/);
    for (const volume of volumes.filter((mount) => mount.startsWith('./')))
      readdirSync(`${DOCKER}${volume.split(':')[0]}`);
  }
  assert.match(read('prometheus/prometheus.yml'), /targets: \['relay:8003'\]/);
  assert.ok('relay' in compose.services);
});
