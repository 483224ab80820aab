import assert from 'node:assert/strict';
import { createHmac } from 'node:crypto';
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { jpegSize } from '../support/jpeg-size.js';
import { cameras, service, watch } from '../support/rig.js';
import { selfSigned } from '../support/self-signed.js';
import { tempFolder } from '../support/temp-folder.js';
import { MachinePace } from '../support/machine-pace.js';
import { inBounds, onceInThreeTimes } from '../support/three-times.js';
import { until } from '../support/until.js';
import { freePort } from '../support/free-port.js';
import { read, startBroker } from './mosquitto.js';
import { startReceiver } from './receiver.js';

/** The whole service with receivers of every kind. */

const SECRET = 'marked-secret-of-more-than-24-characters';
const STATE = 'rtsp-ws/cameras/cam1/state';

const rssOf = (pid: number): number =>
  Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]) / 1024;
const descriptorsOf = (pid: number): number => readdirSync(`/proc/${pid}/fd`).length;

test(
  'a camera that goes and comes back is told once each way, and broken receivers cost nothing',
  { timeout: 90_000 },
  async (t) => {
    const folder = tempFolder(t);
    const { key, cert } = selfSigned(folder, 'receiver');
    const trap = await startReceiver(t);
    const good = await startReceiver(t);
    const failing = await startReceiver(t, () => 500);
    const silent = await startReceiver(t, () => () => undefined);
    const endless = await startReceiver(t, () => (_, response) => {
      const more = (): void => {
        while (!response.destroyed && response.write(Buffer.alloc(65_536)));
      };
      response.writeHead(200).on('drain', more);
      more();
    });
    const redirecting = await startReceiver(t, () => (_, response) => {
      response.writeHead(307, { location: `http://127.0.0.1:${trap.port}/` }).end();
    });
    const untrusted = await startReceiver(t, () => 204, { key: readFileSync(key), cert: readFileSync(cert) });
    const plain = [good, failing, silent, endless, redirecting].map(({ port }) => `http://127.0.0.1:${port}`);
    const dead = `http://127.0.0.1:${await freePort()}`;
    const urls = [...plain, `https://127.0.0.1:${untrusted.port}`, dead].map(
      (url) => `${url}/hook?token=markedtoken`,
    );
    const broker = await startBroker(t);
    const reader = await read(t, broker);

    const set = await cameras(t, { count: 2, auth: 'digest', user: 'viewer', password: 'markedpassword' });
    const file = join(folder, 'cams.yaml');
    const list = set.urls.map((url, i) => ({
      name: `cam${i + 1}`,
      title: `Camera ${i + 1}`,
      url,
      always_on: true,
    }));
    writeFileSync(file, JSON.stringify({ cameras: list }));
    const server = await service(t, {
      CONFIG_FILE: file,
      WEBHOOK_URLS: urls.join(','),
      WEBHOOK_SECRET: SECRET,
      ALARM_HOLD_MS: '600',
      MQTT_URL: `mqtt://127.0.0.1:${broker.port}`,
      MQTT_PICTURE_MS: '1000',
    });
    const pace = new MachinePace(t);
    await until('both are told', () => good.told().length >= 2, 20_000);
    const viewer = watch(t, server, 'cam2', set.url(1));
    await viewer.more(5, 15_000);
    const before = {
      rss: rssOf(server.pid),
      descriptors: descriptorsOf(server.pid),
      frames: viewer.frames.length,
    };
    await set.fault('cam1', 'refuse');
    await until('it is told to be offline', () => good.told().includes('cam1 offline'), 25_000);
    await until('on MQTT too', () => reader.last(STATE)?.includes('"offline"'));
    await onceInThreeTimes(async () => {
      const watchedFrom = { at: performance.now(), frames: viewer.frames.length };
      await sleep(3000);
      const fps = (viewer.frames.length - watchedFrom.frames) / ((performance.now() - watchedFrom.at) / 1000);
      inBounds(fps > (0.8 * set.options.fps) / pace.slowness(), `${fps.toFixed(1)} fps`);
    });
    await set.fault('cam1', null);
    await until('it is told to be back', () => good.told().at(-1) === 'cam1 live', 20_000);
    await until('on MQTT too', () => reader.last(STATE)?.includes('"live"'));

    assert.deepEqual(
      good.told().filter((told) => told.startsWith('cam1')),
      ['cam1 live', 'cam1 offline', 'cam1 live'],
    );
    assert.deepEqual(
      good.told().filter((told) => told.startsWith('cam2')),
      ['cam2 live'],
    );
    for (const { headers, body } of good.requests) {
      const signed = `${String(headers['webhook-id'])}.${String(headers['webhook-timestamp'])}.${body}`;
      const expected = createHmac('sha256', SECRET).update(signed).digest('base64');
      assert.equal(headers['webhook-signature'], `v1,${expected}`);
      assert.ok(Math.abs(Number(headers['webhook-timestamp']) - Date.now() / 1000) < 60);
      assert.doesNotMatch(body, /rtsp|127\.0\.0\.1|marked|viewer/);
    }
    assert.equal(trap.requests.length, 0, 'a redirect is not followed');
    assert.equal(untrusted.requests.length, 0, 'nothing is sent to whom the certificate does not know');
    assert.ok(failing.requests.length >= 3, 'it is tried again');
    for (const receiver of [good, failing, silent, endless, redirecting, untrusted])
      assert.ok(receiver.sockets.most <= 1, `${receiver.sockets.most} sockets`);
    assert.ok(descriptorsOf(server.pid) - before.descriptors < 10);
    assert.ok(rssOf(server.pid) - before.rss < 60, `${rssOf(server.pid) - before.rss} MB`);
    assert.ok(await server.metric('alarms_failed_total', { receiver: 'webhook2', reason: 'status' }));
    assert.ok(await server.metric('alarms_failed_total', { receiver: 'webhook5', reason: 'redirect' }));
    assert.ok(await server.metric('alarms_failed_total', { receiver: 'webhook6', reason: 'tls' }));
    assert.ok(await server.metric('alarms_failed_total', { receiver: 'webhook7', reason: 'connection' }));
    assert.ok((await server.metric('alarms_queue', { receiver: 'webhook2' })) <= 2);

    const picture = reader.messages.findLast(({ topic }) => topic === 'rtsp-ws/cameras/cam2/picture');
    assert.equal(jpegSize(picture?.payload ?? Buffer.alloc(0)), '640x360');
    assert.equal(picture?.retained, false);
    const all = reader.messages.map(({ topic, payload }) =>
      topic.endsWith('picture') ? '' : payload.toString(),
    );
    assert.doesNotMatch(all.join('\n'), /rtsp:|127\.0\.0\.1|marked/);
    await server.stop();
    await until('offline', () => reader.last('rtsp-ws/status') === 'offline');
    assert.doesNotMatch(server.log(), /markedtoken|markedpassword|marked-secret/);
    // A second each at most, of every camera.
    const pictures = reader.messages.filter(({ topic }) => topic === 'rtsp-ws/cameras/cam2/picture').length;
    assert.ok(pictures >= 3 && pictures <= 60, `${pictures} pictures`);
  },
);
