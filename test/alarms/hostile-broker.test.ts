import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer, type Socket } from 'node:net';
import { test, type TestContext } from 'node:test';
import { createAlarmMetrics } from '../../src/alarms/alarm-metrics.js';
import { type Connection, MqttLink } from '../../src/alarms/mqtt/mqtt-link.js';
import { MqttOutbox } from '../../src/alarms/mqtt/mqtt-outbox.js';
import { systemClock } from '../../src/shared/clock.js';
import { createLog } from '../../src/telemetry/log.js';
import { createMetrics } from '../../src/telemetry/metrics.js';
import { ManualClock, settle } from '../support/manual-clock.js';
import { until } from '../support/until.js';

const timeout = 30_000;
const CONNACK = Buffer.from([0x20, 2, 0, 0]);

/** A broker that answers the first bytes of a connection as it likes. */
async function link(t: TestContext, answer: (socket: Socket) => void) {
  const sockets = new Set<Socket>();
  let most = 0;
  const server = createServer((socket) => {
    sockets.add(socket);
    most = Math.max(most, sockets.size);
    socket.on('error', () => undefined).on('close', () => sockets.delete(socket));
    socket.once('data', () => answer(socket)).resume();
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  const port = typeof address === 'object' && address !== null ? address.port : 0;
  const seen = { up: 0, down: 0, messages: 0 };
  const url = { tls: false, host: '127.0.0.1', port, user: '', password: '' };
  const mqtt = new MqttLink(
    { ...{ url, user: '', password: '', ca: null, cert: null, key: null }, statusTopic: 'x/status' },
    { up: () => seen.up++, down: () => seen.down++, message: () => seen.messages++ },
    {
      ...{ clock: systemClock, random: () => 1, log: createLog('silent') },
      metrics: createAlarmMetrics(createMetrics().registry),
    },
  );
  t.after(async () => {
    await mqtt.close();
    for (const socket of sockets) socket.destroy();
    server.close();
  });
  mqtt.start();
  return { seen, sockets, most: () => most };
}

test(
  'a message that a broker never ends is not collected: the connection is made anew',
  { timeout },
  async (t) => {
    // PUBLISH, with 256 MB to come.
    const head = Buffer.from([0x30, 0xff, 0xff, 0xff, 0x7f, 0, 1, 0x61]);
    const { seen, most } = await link(t, (socket) => {
      socket.write(CONNACK);
      socket.write(head);
      const more = (): void => {
        while (!socket.destroyed && socket.write(Buffer.alloc(65_536)));
      };
      socket.on('drain', more);
      more();
    });
    const before = process.memoryUsage().rss;
    await until('it is left, and tried again', () => seen.down >= 2);
    assert.equal(seen.messages, 0);
    assert.equal(most(), 1);
    assert.ok(process.memoryUsage().rss - before < 60e6);
  },
);

for (const [what, bytes] of [
  ['speaks HTTP', Buffer.from('HTTP/1.1 400 Bad Request\r\n\r\n')],
  ['sends nonsense', Buffer.from([0xff, 0xff, 0xff, 0xff, 0xff, 0xff])],
  ['refuses the client', Buffer.from([0x20, 2, 0, 5])],
] as const)
  test(`a broker that ${what} is tried again, one connection at a time`, { timeout }, async (t) => {
    let answered = 0;
    const { seen, most } = await link(t, (socket) => {
      answered++;
      socket.write(bytes);
    });
    await until('it is tried again', () => answered >= 2);
    assert.equal(seen.up, 0);
    assert.equal(most(), 1);
  });

test(
  'a broker that answers no message is left after its time, with a few on the way',
  { timeout },
  async () => {
    const clock = new ManualClock();
    let published = 0;
    const abandoned: string[] = [];
    const connection: Connection = {
      ...{
        waitingBytes: 0,
        subscribe: () => undefined,
        unsubscribe: () => undefined,
        publishOnce: () => undefined,
      },
      publish: () => {
        published++;
        return new Promise(() => undefined);
      },
      abandon: (reason) => abandoned.push(reason),
    };
    const outbox = new MqttOutbox(connection, clock, { sent: () => undefined, replaced: () => undefined });
    for (let i = 0; i < 1000; i++) outbox.put(`topic${i % 100}`, String(i));
    await settle();
    assert.equal(published, 16);
    assert.ok(outbox.size <= 116);
    await clock.advance(29_000);
    assert.deepEqual(abandoned, []);
    await clock.advance(2000);
    assert.deepEqual(abandoned, ['no answer']);
  },
);
