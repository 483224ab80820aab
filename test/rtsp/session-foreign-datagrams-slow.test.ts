import assert from 'node:assert/strict';
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { test, type TestContext } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { packetsOf, stamp } from '../../bench/virtual-camera/rtp.js';
import { headerOf, type RtspRequest } from '../../src/rtsp/messages/message-syntax.js';
import { ScriptedCamera } from './support/scripted-camera.js';
import { watch } from './support/watch.js';

/** Media over UDP comes from the camera's address and port, and from nowhere else. */

const timeout = 30_000;

const clientPort = (request: RtspRequest): number =>
  Number(/client_port=(\d+)/.exec(headerOf(request, 'transport') ?? '')?.[1]);

/** A UDP socket of another address, or another port. */
async function stranger(t: TestContext, address: string) {
  const socket = createSocket('udp4');
  socket.bind(0, address);
  await once(socket, 'listening');
  t.after(() => socket.close());
  return socket;
}

test('datagrams from another address are counted and never taken', { timeout }, async (t) => {
  const foreign = await stranger(t, '127.0.0.9');
  const camera = await ScriptedCamera.start(t, {
    fps: 0,
    script: {
      PLAY: async (request, talk) => {
        const port = clientPort(talk.requests.find(({ method }) => method === 'SETUP') ?? request);
        const [template] = camera.clip.pictures;
        assert.ok(template);
        const flood = (): void => {
          for (const packet of packetsOf(
            template.offsets,
            stamp(template, { channel: 0, sequence: 1, timestamp: 0, ssrc: 66 }),
          ))
            foreign.send(packet.subarray(4), port, '127.0.0.1');
        };
        flood();
        await sleep(300);
        assert.equal(units.length, 0);
        assert.ok((session.statistics?.foreignDatagrams ?? 0) > 0);
        const timer = setInterval(flood, 10);
        talk.socket.on('close', () => clearInterval(timer));
        return undefined;
      },
    },
  });
  const { session, units } = watch(t, camera, { transport: 'udp', openTimeoutMs: 2000 });
  const end = await session.ended;
  assert.equal(end.code, 'open_timeout');
  assert.match(JSON.stringify(end), /UDP packets came, from another address or port/);
  assert.equal(units.length, 0);
  assert.equal(session.statistics?.packets, 0);
});

for (const address of ['127.0.0.9', '127.0.0.1'])
  test(
    `pictures are those of the camera alone while another port of ${address} sends on`,
    { timeout },
    async (t) => {
      const foreign = await stranger(t, address);
      const camera = await ScriptedCamera.start(t);
      const { session, units, reach } = watch(t, camera, { transport: 'udp' });
      await reach(1);
      const port = clientPort(camera.requests.find(({ method }) => method === 'SETUP') ?? assert.fail());
      for (let i = 0; i < 200; i++) {
        foreign.send(Buffer.alloc(100, 0x80), port, '127.0.0.1');
        foreign.send(Buffer.alloc(100, 0x80), port + 1, '127.0.0.1');
        if (i % 10 === 0) await sleep(10);
      }
      const before = units.length;
      await reach(before + 25);
      assert.equal(session.statistics?.foreign, 0);
      assert.equal(session.statistics.lost, 0);
    },
  );

test('a camera that sends from other ports than it told plays, a second later', { timeout }, async (t) => {
  const camera = await ScriptedCamera.start(t, { serverPorts: ';server_port=2-3' });
  const { session, reach } = watch(t, camera, { transport: 'udp' });
  await reach(25);
  assert.ok((session.statistics?.foreignDatagrams ?? 0) > 10);
});

for (const ports of ['', ';server_port=0-1']) {
  test(
    `without a server port (${ports || 'none told'}) the first packet from the camera tells it`,
    { timeout },
    async (t) => {
      const foreign = await stranger(t, '127.0.0.9');
      const camera = await ScriptedCamera.start(t, {
        script: {
          SETUP: (request, { camera: { udp } }) => {
            assert.equal(udp.length, 2);
            foreign.send(Buffer.alloc(100, 0x80), clientPort(request), '127.0.0.1');
            return undefined;
          },
        },
        serverPorts: ports,
      });
      const { session, reach } = watch(t, camera, { transport: 'udp' });
      await reach(10);
      assert.equal(session.statistics?.foreign, 0);
    },
  );
}
