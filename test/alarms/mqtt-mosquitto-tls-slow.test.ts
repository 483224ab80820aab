import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import { test } from 'node:test';
import type { Alarm } from '../../src/alarms/news/alarm.js';
import { createAlarmMetrics } from '../../src/alarms/alarm-metrics.js';
import { topicsBelow } from '../../src/alarms/mqtt/mqtt-topics.js';
import { MqttSink } from '../../src/alarms/mqtt/mqtt-sink.js';
import { loadConfig } from '../../src/config/settings.js';
import { systemClock as clock } from '../../src/shared/clock.js';
import { createLog } from '../../src/telemetry/log.js';
import { createMetrics } from '../../src/telemetry/metrics.js';
import type { Scope } from '../support/rig.js';
import { selfSigned } from '../support/self-signed.js';
import { tempFolder } from '../support/temp-folder.js';
import { until, untilSeen } from '../support/until.js';
import { alarm, news } from './alarm.js';
import { type Broker, read, startBroker } from './mosquitto.js';

/** The MQTT side against Debian's Mosquitto. */

const options = { timeout: 30_000 };

interface SinkOptions {
  readonly url?: string;
  readonly ca?: string;
  readonly node?: string;
  readonly sweepAfterMs?: number;
  readonly hasPictures?: boolean;
}

function mqttSink(t: Scope, { port }: Pick<Broker, 'port'>, given: SinkOptions = {}) {
  const {
    url = `mqtt://127.0.0.1:${port}`,
    ca,
    node = null,
    sweepAfterMs = 300,
    hasPictures = false,
  } = given;
  const broker = loadConfig({ MQTT_URL: url }).MQTT_URL;
  assert.ok(broker);
  const topics = topicsBelow('rtsp-ws', node);
  const metrics = createAlarmMetrics(createMetrics().registry);
  const sink = new MqttSink(
    {
      settings: {
        ...{ url: broker, user: broker.user, password: broker.password, cert: null, key: null },
        ca: ca === undefined ? null : readFileSync(ca),
        statusTopic: topics.status,
      },
      topics,
      discovery: { prefix: 'homeassistant', base: 'rtsp-ws', topics, hasPictures, version: '1.0.0' },
      sweepAfterMs,
    },
    { clock, metrics, log: createLog('silent'), random: () => 0, pictures: null },
  );
  t.after(() => sink.close());
  const value = async (name: 'sent' | 'failed' | 'dropped' | 'queue' | 'connected'): Promise<number> =>
    (await metrics[name].get()).values.reduce((sum, { value: each }) => sum + each, 0);
  const connected = (): Promise<unknown> =>
    untilSeen(
      () => value('connected'),
      (seen) => seen === 1,
    );
  return { sink, value, connected };
}

const STATE = 'rtsp-ws/cameras/gate/state';
const CONNECTION = 'homeassistant/binary_sensor/rtsp-ws_gate/connection/config';
const PICTURE = 'homeassistant/camera/rtsp-ws_gate/picture/config';

test('states are retained, and the status is online until the service ends', options, async (t) => {
  const broker = await startBroker(t);
  const { sink, connected } = mqttSink(t, broker);
  await connected();
  sink.told(news([alarm('gate', 'offline')]));
  const early = await read(t, broker);
  await until('the state is told', () => early.last(STATE));
  const late = await read(t, broker);
  await until('it is retained', () => late.last(STATE));
  assert.deepEqual(late.json(STATE), {
    state: 'offline',
    reason: 'refused',
    since: 1000,
    title: 'The gate',
    text: 'The gate is offline: connection refused: check address and port',
  });
  assert.equal(late.last('rtsp-ws/status'), 'online');
  assert.ok(late.messages.every(({ retained }) => retained));
  sink.told(news([alarm('gate', 'live')]));
  await until('the next state', () => late.json(STATE)['state'] === 'live');
  await sink.close();
  await until('offline', () => late.last('rtsp-ws/status') === 'offline');
});

test('a service that dies without a word is offline by its last will', options, async (t) => {
  const broker = await startBroker(t);
  const reader = await read(t, broker);
  const script = `
    import { connect } from 'node:net';
    const { MqttSink } = await import(${JSON.stringify(new URL('../../src/alarms/mqtt/mqtt-sink.js', import.meta.url).href)});
    const { topicsBelow } = await import(${JSON.stringify(new URL('../../src/alarms/mqtt/mqtt-topics.js', import.meta.url).href)});
    const metric = { inc() {}, set() {} };
    const metrics = { sent: metric, failed: metric, dropped: metric, queue: metric, connected: { set: (up) => up && setTimeout(() => process.kill(process.pid, 'SIGKILL'), 300) } };
    const topics = topicsBelow('rtsp-ws', null);
    const url = { tls: false, host: '127.0.0.1', port: ${broker.port}, user: '', password: '' };
    const settings = { url, user: '', password: '', ca: null, cert: null, key: null, statusTopic: topics.status };
    const log = { info() {}, warn() {} };
    const clock = { now: () => 0, after: (ms, fn) => { const timer = setTimeout(fn, ms); return () => clearTimeout(timer); } };
    const sink = new MqttSink({ settings, topics, discovery: null, sweepAfterMs: 1000 }, { clock, metrics, log, random: () => 0, pictures: null });
    sink.told({ changed: [], present: new Map(), configured: new Set(), removed: [] });
  `;
  assert.throws(() =>
    execFileSync(process.execPath, ['--input-type=module', '-e', script], { timeout: 10_000 }),
  );
  await until('offline', () => reader.last('rtsp-ws/status') === 'offline');
  assert.ok(reader.messages.some(({ payload }) => payload.toString() === 'online'));
});

test('Home Assistant is told of each camera, and again when it starts', options, async (t) => {
  const broker = await startBroker(t);
  const reader = await read(t, broker);
  const { sink, connected } = mqttSink(t, broker, { hasPictures: true });
  await connected();
  sink.told(news([alarm('gate', 'live'), alarm('yard.2', 'idle')]));
  await until('announced', () => reader.last(PICTURE) !== undefined && reader.last(STATE) !== undefined);
  const config = reader.json(CONNECTION);
  assert.deepEqual(
    [config['state_topic'], config['availability_topic'], config['device_class'], config['unique_id']],
    [STATE, 'rtsp-ws/status', 'connectivity', 'rtsp-ws_gate_connection'],
  );
  assert.equal(reader.json(PICTURE)['topic'], 'rtsp-ws/cameras/gate/picture');
  const topics = new Set(reader.messages.map(({ topic }) => topic));
  for (const topic of topics) if (topic.startsWith('homeassistant/')) assert.match(topic, /^[\w/-]+$/);
  const before = reader.messages.length;
  await reader.client.publishAsync('homeassistant/status', 'online');
  await until('announced again', () =>
    [CONNECTION, PICTURE, STATE].every((topic) =>
      reader.messages.slice(before).some((seen) => seen.topic === topic),
    ),
  );
});

test(
  'a camera that is taken out leaves nothing retained, also when that was done while the service was off',
  options,
  async (t) => {
    const broker = await startBroker(t);
    const first = mqttSink(t, broker, { hasPictures: true });
    await first.connected();
    first.sink.told(news([alarm('gate', 'live'), alarm('yard', 'live'), alarm('hall', 'live')]));
    const reader = await read(t, broker);
    await until('all are told', () => reader.last('rtsp-ws/cameras/hall/state'));
    first.sink.told(news([alarm('yard', 'live'), alarm('hall', 'live')], [], ['gate']));
    await until('gate is cleared', () => reader.last(STATE) === '');
    await first.sink.close();
    const second = mqttSink(t, broker);
    await second.connected();
    second.sink.told(news([alarm('yard', 'live')]));
    await until('hall is cleared', () => reader.last('rtsp-ws/cameras/hall/state') === '');
    await until(
      'its picture is gone',
      () => reader.last('homeassistant/camera/rtsp-ws_yard/picture/config') === '',
    );
    const late = await read(t, broker);
    await until('what is retained comes', () => late.last('rtsp-ws/cameras/yard/state'));
    const retained = late.messages
      .map(({ topic }) => topic)
      .filter((topic) => !topic.startsWith('rtsp-ws/status'));
    assert.deepEqual(retained.sort(), [
      'homeassistant/binary_sensor/rtsp-ws_yard/connection/config',
      'homeassistant/binary_sensor/rtsp-ws_yard/problem/config',
      'rtsp-ws/cameras/yard/state',
    ]);
  },
);

test('a broker that was killed and comes back empty is told everything again', options, async (t) => {
  const broker = await startBroker(t);
  const { sink, connected } = mqttSink(t, broker);
  await connected();
  sink.told(news([alarm('gate', 'offline')]));
  await broker.kill();
  sink.told(news([alarm('gate', 'live')]));
  await broker.start();
  const reader = await read(t, broker);
  await until('the present state', () => reader.last(STATE));
  assert.equal(reader.json(STATE)['state'], 'live');
  assert.ok(reader.last(CONNECTION));
});

test('a broker that stops reading costs a bounded queue, and is left after a while', options, async (t) => {
  const broker = await startBroker(t);
  const { sink, connected, value } = mqttSink(t, broker);
  await connected();
  broker.signal('SIGSTOP');
  t.after(() => broker.signal('SIGCONT'));
  const title = 'x'.repeat(200);
  const before = process.memoryUsage().heapUsed;
  for (let round = 0; round < 500; round++) {
    const cameras: Alarm[] = Array.from({ length: 50 }, (_, i) =>
      alarm(`cam${i}`, round % 2 === 0 ? 'offline' : 'live', { title }),
    );
    sink.told(news(cameras));
  }
  assert.ok((await value('queue')) <= 4 * 50 + 16, `${await value('queue')} wait`);
  assert.ok((await value('dropped')) > 10_000);
  assert.ok(process.memoryUsage().heapUsed - before < 30e6);
  broker.signal('SIGCONT');
  const reader = await read(t, broker);
  await until('the newest state', () => reader.last('rtsp-ws/cameras/cam49/state')?.includes('"live"'));
});

test('user and password let it in, wrong ones keep it out, and it goes on trying', options, async (t) => {
  const folder = tempFolder(t);
  const passwords = join(folder, 'passwords');
  writeFileSync(passwords, '');
  execFileSync('mosquitto_passwd', ['-b', passwords, 'service', 'right'], { stdio: 'ignore' });
  const broker = await startBroker(t, ['allow_anonymous false', `password_file ${passwords}`]);
  const wrong = mqttSink(t, broker, { url: `mqtt://service:wrong@127.0.0.1:${broker.port}` });
  await untilSeen(
    () => wrong.value('failed'),
    (seen) => seen >= 2,
  );
  const right = mqttSink(t, broker, { url: `mqtt://service:right@127.0.0.1:${broker.port}` });
  await right.connected();
  assert.equal(await wrong.value('connected'), 0);
});

test('over TLS the broker has to be the one that the authority vouches for', options, async (t) => {
  const folder = tempFolder(t);
  const { key, cert } = selfSigned(folder, 'broker');
  const broker = await startBroker(t, ['allow_anonymous true', `certfile ${cert}`, `keyfile ${key}`]);
  const url = `mqtts://127.0.0.1:${broker.port}`;
  const known = mqttSink(t, broker, { url, ca: cert });
  await known.connected();
  const stranger = mqttSink(t, broker, { url });
  await untilSeen(
    () => stranger.value('failed'),
    (seen) => seen >= 1,
  );
  const other = mqttSink(t, broker, { url, ca: selfSigned(folder, 'other').cert });
  await untilSeen(
    () => other.value('failed'),
    (seen) => seen >= 1,
  );
  assert.equal((await stranger.value('connected')) + (await other.value('connected')), 0);
});

test('a service that has just started is not online before it has told a state', options, async (t) => {
  const broker = await startBroker(t);
  const reader = await read(t, broker);
  const { sink, connected } = mqttSink(t, broker);
  await connected();
  sink.told({ ...news([]), configured: new Set(['gate']) });
  await reader.client.publishAsync('later', 'x', { qos: 1 });
  await until('what came before is here', () => reader.last('later'));
  assert.equal(reader.last('rtsp-ws/status'), undefined);
  sink.told(news([alarm('gate', 'offline')]));
  await until('online', () => reader.last('rtsp-ws/status') === 'online');
  const order = reader.messages.map(({ topic }) => topic);
  assert.ok(order.indexOf(STATE) < order.indexOf('rtsp-ws/status'));
});
