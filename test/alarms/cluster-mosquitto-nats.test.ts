import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { clusterRig, until } from '../cluster/rig.js';
import { read, startBroker } from './mosquitto.js';
import { startReceiver } from './receiver.js';

const CONNECTION = 'homeassistant/binary_sensor/rtsp-ws_cam1/connection/config';
const STATE = 'rtsp-ws/cameras/cam1/state';

test(
  'in a cluster each change is told once, by the owner, and by the next owner when that one dies',
  { timeout: 90_000 },
  async (t) => {
    const receiver = await startReceiver(t);
    const broker = await startBroker(t);
    const reader = await read(t, broker);
    const it = await clusterRig(t, {
      nodes: ['a', 'b'],
      count: 1,
      entry: () => ({ always_on: true }),
      env: {
        FRAME_WIDTH: '320',
        FRAME_HEIGHT: '180',
        STALL_TIMEOUT_MS: '1000',
        RETRY_MIN_MS: '300',
        RETRY_MAX_MS: '800',
        ALARM_HOLD_MS: '1500',
        WEBHOOK_URLS: `http://127.0.0.1:${receiver.port}/`,
        MQTT_URL: `mqtt://127.0.0.1:${broker.port}`,
      },
    });
    const told = async (count: number, last: string): Promise<void> => {
      await until(
        () => `"${last}" is told (told: ${receiver.told().join(', ')})`,
        () => receiver.told().length >= count && receiver.told().at(-1) === last,
        25_000,
      );
      await sleep(2500);
      assert.equal(receiver.told().length, count, receiver.told().join(', '));
    };
    await told(1, 'cam1 live');
    const owner = await it.ownerOf('cam1');
    const other = owner === 'a' ? 'b' : 'a';
    await until(
      'announced',
      () => reader.json(CONNECTION)['availability_topic'] === `rtsp-ws/status/${owner}`,
    );
    await it.node(owner).kill();
    await until('its last will', () => reader.last(`rtsp-ws/status/${owner}`) === 'offline');
    const isOthers = (): boolean =>
      reader.json(CONNECTION)['availability_topic'] === `rtsp-ws/status/${other}`;
    await until('the other node announces it', isOthers, 20_000);
    // To the receiver nothing has changed: the camera was away for less than the hold-off, or came back.
    const before = receiver.told().length;
    assert.ok(before === 1 || receiver.told().at(-1) === 'cam1 live', receiver.told().join(', '));
    await it.cameras.fault('cam1', 'refuse');
    await told(before + 1, 'cam1 offline');
    await until('on MQTT too', () => reader.json(STATE)['state'] === 'offline');
  },
);
