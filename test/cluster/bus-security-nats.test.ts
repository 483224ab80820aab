import assert from 'node:assert/strict';
import { test, type TestContext } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { AckPolicy, DeliverPolicy, jetstreamManager } from '@nats-io/jetstream';
import { connect, type NatsConnection } from '@nats-io/transport-node';
import { bucketNames } from '../../src/cluster/bus/subjects.js';
import { epochMs } from '../../src/shared/clock.js';
import { clusterRig, type Rig, statesOf, until } from './rig.js';

const timeout = 120_000;

const CONFIG = fileURLToPath(new URL('../../../docker/nats/permissions.conf', import.meta.url));
const PASSWORDS: Readonly<Record<string, string>> = {
  'gate-1': 'password-of-gate-1',
  'gate-2': 'password-of-gate-2',
  hall: 'password-of-hall',
  doctor: 'password-of-doctor',
};
for (const [user, password] of Object.entries(PASSWORDS))
  process.env[`${user.toUpperCase().replace('-', '_')}_PASSWORD`] = password;

const credentials = (user: string): Record<string, string> => ({
  NATS_USER: user,
  NATS_PASSWORD: PASSWORDS[user] ?? '',
});

async function client(scope: Pick<TestContext, 'after'>, it: Rig, user: string): Promise<NatsConnection> {
  const connection = await connect({
    servers: it.nats.url,
    user,
    pass: PASSWORDS[user] ?? '',
    inboxPrefix: `rtsp-ws.inbox.${user}`,
  });
  scope.after(() => connection.close());
  return connection;
}

/** Whether the server refuses it: it says so, and goes on. */
async function isRefused(connection: NatsConnection, act: () => void): Promise<boolean> {
  const refused = (async () => {
    for await (const status of connection.status())
      if (status.type === 'error' && /permissions violation/i.test(String(status.error))) return true;
    return false;
  })();
  act();
  await connection.flush();
  return Promise.race([refused, sleep(1000).then(() => false)]);
}

test(
  'with the permissions that are shipped nodes lack nothing, and none can speak for another',
  { timeout },
  async (scope) => {
    const it = await clusterRig(scope, { nodes: [], nats: { args: ['--config', CONFIG], plain: true } });
    const first = await it.start('gate-1', credentials('gate-1'));
    await Promise.all([
      it.start('gate-2', credentials('gate-2')),
      // It needs no camera of its own.
      it.start('hall', { ...credentials('hall'), NODE_ROLE: 'edge', CONFIG_FILE: '' }),
    ]);
    const eyes = ['gate-1', 'gate-2', 'hall'].flatMap((node) => [it.eye(node, 'cam1'), it.eye(node, 'cam2')]);
    await it.more(10, eyes);
    assert.notEqual(await it.ownerOf('cam1'), 'hall');

    const hall = await client(scope, it, 'hall');
    const gate = await client(scope, it, 'gate-1');
    const nothing = new Uint8Array();
    for (const [who, subject] of [
      [hall, 'rtsp-ws.frames.gate-1.gate-2'],
      [hall, 'rtsp-ws.frames.gate-1.hall'],
      [hall, '$KV.rtsp-ws-owners.cam1'],
      [hall, '$JS.API.STREAM.CREATE.KV_rtsp-ws-owners'],
      [gate, 'rtsp-ws.state.gate-2'],
      [gate, 'rtsp-ws.demand.gate-2.hall'],
      [gate, '$KV.rtsp-ws-nodes.gate-2'],
      [gate, '$JS.API.STREAM.DELETE.KV_rtsp-ws-owners'],
      // A stream keeps what is for others, and publishes in their names.
      [gate, '$JS.API.STREAM.CREATE.spy'],
      [gate, '$JS.API.STREAM.UPDATE.KV_rtsp-ws-owners'],
      [gate, 'another-cluster.state.gate-1'],
    ] as const)
      assert.ok(await isRefused(who, () => who.publish(subject, nothing)), `publishing ${subject}`);
    for (const [who, subject] of [
      [hall, 'rtsp-ws.frames.gate-1.*'],
      [gate, 'rtsp-ws.demand.gate-2.*'],
      [gate, 'rtsp-ws.inbox.gate-2.>'],
      [gate, '>'],
    ] as const)
      assert.ok(await isRefused(who, () => who.subscribe(subject)), `subscribing ${subject}`);
    assert.ok(!(await isRefused(gate, () => gate.publish('rtsp-ws.state.gate-1', nothing))));
    await stateThroughConsumerIsNotBelieved(it, gate);

    // Giving away, and taking over from a node that ends.
    const from = eyes.filter(({ node }) => node !== 'gate-1');
    const began = epochMs();
    first.signal('SIGTERM');
    await first.exited;
    await it.more(10, from);
    // Without a permission the camera would not be given but lost: stale, then live. So it is when nodes do not run for two seconds.
    const isStarved = it.pace.slowness(began) > 6;
    for (const eye of from) {
      const states = statesOf(eye);
      assert.deepEqual(isStarved ? states.slice(0, 2) : states, ['connecting', 'live'], eye.node);
      await until(`${eye.node} is live`, () => statesOf(eye).at(-1) === 'live');
    }
    for (const node of it.nodes.values())
      assert.doesNotMatch(node.log(), /permissions? violation/i, `the log of ${node.name}`);
  },
);

/** JetStream delivers a stored message on any subject that a consumer names: what it then claims to be is no state of a node. */
async function stateThroughConsumerIsNotBelieved(it: Rig, gate: NatsConnection): Promise<void> {
  const { owners } = bucketNames('rtsp-ws');
  const state = {
    stream: 'forged',
    epoch: 9,
    hash: 'x'.repeat(22),
    state: 'live',
    reason: null,
    everLive: true,
  };
  const streams = [{ ...state, sinceMs: 0, degraded: 0, viewers: 0, frameMs: null }];
  const message = { instance: '0'.repeat(16), all: true, streams, gone: [], failed: [], holds: [] };
  const delivered: string[] = [];
  // The server delivers once somebody listens to this very subject.
  gate.subscribe('rtsp-ws.state.ghost', { callback: (_error, { subject }) => void delivered.push(subject) });
  const manager = await jetstreamManager(gate, { checkAPI: false });
  await manager.consumers.add(`KV_${owners}`, {
    deliver_subject: 'rtsp-ws.state.ghost',
    deliver_policy: DeliverPolicy.All,
    ack_policy: AckPolicy.None,
    filter_subject: `$KV.${owners}.ghost`,
  });
  gate.publish(`$KV.${owners}.ghost`, JSON.stringify(message));
  await gate.flush();
  await until('it was delivered', () => delivered.some((subject) => subject.startsWith('$KV.')), 3000);
  await sleep(200);
  const names = (await it.node('hall').cameras()).map(({ camera }) => camera);
  assert.ok(!names.includes('forged'), names.join());
}

test('no address and no password of a camera crosses the bus', { timeout }, async (scope) => {
  const password = 'qZ7mark';
  const it = await clusterRig(scope, {
    nodes: [],
    cameras: { auth: 'digest', user: 'uK3mark', password },
  });
  const tap = await connect({ servers: it.nats.url });
  scope.after(() => tap.close());
  const seen: Buffer[] = [];
  tap.subscribe('>', {
    callback: (_error, { subject, data, headers }) => {
      seen.push(Buffer.from(`${subject} ${JSON.stringify([...(headers ?? [])])} `), Buffer.from(data));
    },
  });
  await tap.flush();
  await Promise.all(['a', 'b', 'c'].map((name) => it.start(name)));
  const adhoc = it.eye('a', 'adhoc', { rtsp: it.cameras.url(2) });
  const eyes = ['a', 'b', 'c'].flatMap((node) => [it.eye(node, 'cam1'), it.eye(node, 'cam2')]);
  await it.more(10, [adhoc, ...eyes]);
  await it.more(5, [it.eye('b', 'adhoc', { rtsp: it.cameras.url(2) })]);
  // Faults and their reasons, a node that gives its cameras away, one that is killed.
  await it.cameras.fault('cam1', 'reset:3');
  it.eye('c', 'wrong', { rtsp: it.cameras.url(2).replace(password, `${password}-wrong`) });
  await it.node('b').stop();
  await it.node('c').kill();
  await it.cameras.fault('cam1', null);
  await it.more(
    10,
    eyes.filter(({ node }) => node === 'a'),
    20_000,
  );
  await until('the bus was listened to', () => seen.length > 200);

  const everything = Buffer.concat(seen).toString('latin1');
  const ports = it.cameras.urls.map((url) => `:${new URL(url.replace('rtsp:', 'http:')).port}/`);
  for (const secret of ['rtsp:', 'uK3mark', password, encodeURIComponent('://'), ...ports])
    assert.ok(!everything.includes(secret), `${secret} is on the bus`);
  const basic = Buffer.from(`uK3mark:${password}`).toString('base64').slice(0, -4);
  assert.ok(!everything.includes(basic));
});
