import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { stamp } from '../../bench/virtual-camera/rtp.js';
import { headerOf, type RtspRequest } from '../../src/rtsp/messages/message-syntax.js';
import { ScriptedCamera, type Script } from './support/scripted-camera.js';
import { watch } from './support/watch.js';

/** How media comes: TCP and UDP, agreed on, refused, and from where it must not come. */

const timeout = 30_000;

const transportOf = (request: RtspRequest): string => headerOf(request, 'transport') ?? '';
const only = (kind: 'tcp' | 'udp', status: number): Script => ({
  SETUP: (request) => (/TCP/.test(transportOf(request)) === (kind === 'tcp') ? undefined : { status }),
});

for (const [asked, offered, status] of [
  ['tcp', 'udp', 461],
  ['udp', 'tcp', 461],
  ['tcp', 'udp', 400],
] as const) {
  test(`a camera that knows no ${asked} (${status}) is played over ${offered}`, { timeout }, async (t) => {
    const camera = await ScriptedCamera.start(t, { script: only(offered, status) });
    const { reach, stop, steps } = watch(t, camera, { transport: asked });
    await reach(10);
    await stop();
    assert.equal(camera.methods().filter((method) => method === 'SETUP').length, 2);
    const transport = steps.find((step) => step.kind === 'transport');
    assert.match(transport?.text ?? '', new RegExp(`^${offered}`, 'i'));
    assert.equal(camera.sessions, 0);
  });
}

test('a camera that knows no transport at all ends with that', { timeout }, async (t) => {
  const camera = await ScriptedCamera.start(t, { script: { SETUP: () => ({ status: 461 }) } });
  const end = await watch(t, camera).session.ended;
  assert.deepEqual(end, {
    code: 'protocol',
    detail: 'SETUP: 461 Status',
  });
});

const setupWith =
  (transport: string): NonNullable<Script[string]> =>
  () => ({ status: 200, headers: { Session: '1', Transport: transport } });

for (const [what, transport] of [
  ['source=', 'RTP/AVP;unicast;source=127.0.0.9;server_port=5000-5001'],
  ['source= by name', 'RTP/AVP;unicast;source=evil.example;server_port=5000-5001'],
] as const) {
  test(`${what} of another host is refused, and its session ended`, { timeout }, async (t) => {
    const camera = await ScriptedCamera.start(t, { script: { SETUP: setupWith(transport) } });
    const end = await watch(t, camera, { transport: 'udp' }).session.ended;
    assert.equal(end.code, 'redirected');
    assert.match(JSON.stringify(end), /SETUP \(source=\) lets media come from (127\.0\.0\.9|evil\.example)/);
    assert.deepEqual(camera.methods(), ['OPTIONS', 'DESCRIBE', 'SETUP', 'TEARDOWN']);
  });
}

const connection =
  (address: string) =>
  (plain: string): string =>
    plain.replace('c=IN IP4 0.0.0.0', `c=IN IP4 ${address}`);

test('c= of another host is refused over UDP', { timeout }, async (t) => {
  const camera = await ScriptedCamera.start(t, { sdp: connection('10.0.0.9') });
  const end = await watch(t, camera, { transport: 'udp' }).session.ended;
  assert.equal(end.code, 'redirected');
  assert.match(JSON.stringify(end), /description \(c=\) lets media come from 10\.0\.0\.9/);
  assert.deepEqual(camera.methods(), ['OPTIONS', 'DESCRIBE']);
});

for (const [what, address, transport] of [
  ['of another host over TCP, where it means nothing', '10.0.0.9', 'tcp'],
  ["of the camera's own address", '127.0.0.1', 'udp'],
  ['of a multicast group, which is not joined', '239.1.2.3/127', 'udp'],
] as const) {
  test(`c= ${what} is no hindrance`, { timeout }, async (t) => {
    const camera = await ScriptedCamera.start(t, { sdp: connection(address) });
    await watch(t, camera, { transport }).reach(5);
  });
}

test('multicast, and UDP in answer to TCP, are refused by name', { timeout }, async (t) => {
  for (const [transport, name] of [
    ['RTP/AVP;multicast;destination=239.0.0.1;port=5000-5001', 'multicast'],
    ['RTP/AVP/UDP;unicast;server_port=5000-5001', 'UDP'],
  ] as const) {
    const camera = await ScriptedCamera.start(t, { script: { SETUP: setupWith(transport) } });
    const end = await watch(t, camera).session.ended;
    assert.deepEqual(end, { code: 'protocol', detail: `SETUP answers with another transport: ${name}` });
  }
});

for (const [what, channels, header] of [
  ['other channels than asked', 4, 'RTP/AVP/TCP;unicast;interleaved=4-5'],
  ['no channels', 0, 'RTP/AVP/TCP;unicast'],
  ['other channels, and keeps to those asked', 0, 'RTP/AVP/TCP;unicast;interleaved=4-5'],
] as const) {
  test(`a camera that agrees on ${what} is played`, { timeout }, async (t) => {
    const camera = await ScriptedCamera.start(t, {
      fps: 0,
      script: {
        SETUP: setupWith(header),
        PLAY: (_, { send, socket }) => {
          let picture = 0;
          const timer = setInterval(() => {
            const template = camera.clip.pictures[picture % 48];
            if (template)
              send(
                stamp(template, {
                  channel: channels,
                  sequence: picture * 10,
                  timestamp: picture * 3600,
                  ssrc: 1,
                }),
              );
            picture++;
          }, 40);
          socket.on('close', () => clearInterval(timer));
          return undefined;
        },
      },
    });
    await watch(t, camera).reach(3);
  });
}

test('UDP opens the way through routers: both ports send before PLAY', { timeout }, async (t) => {
  const camera = await ScriptedCamera.start(t, {
    script: {
      PLAY: async () => {
        await sleep(50);
        assert.deepEqual(camera.packets.map(({ channel }) => channel).sort(), [0, 1]);
        return undefined;
      },
    },
  });
  await watch(t, camera, { transport: 'udp' }).reach(1);
});

test('RTCP BYE ends the stream', { timeout }, async (t) => {
  const bye = Buffer.from('81cb000100001234', 'hex');
  const camera = await ScriptedCamera.start(t, {
    script: {
      PLAY: (_, { send }) => {
        setTimeout(() => send(Buffer.concat([Buffer.of(0x24, 1, 0, bye.length), bye])), 500);
        return undefined;
      },
    },
  });
  const { session, units } = watch(t, camera);
  const end = await session.ended;
  assert.deepEqual(end, { code: 'disconnected', detail: 'the camera has ended the stream (RTCP BYE)' });
  assert.ok(units.length > 3);
  assert.equal(camera.methods().at(-1), 'TEARDOWN');
});

test(
  'a name routes a plain relay: it stands in the request line and in the Digest uri',
  { timeout },
  async (t) => {
    const login = { username: 'u', password: 'p' };
    const camera = await ScriptedCamera.start(t, {
      login,
      script: {
        DESCRIBE: ({ uri }) => (uri.startsWith('rtsp://cam.relay.example:') ? undefined : { status: 404 }),
      },
    });
    const { reach } = watch(t, camera, {
      host: 'cam.relay.example',
      credentials: login,
      path: '/a?b=c&d=%20#e',
    });
    await reach(2);
    assert.match(camera.requests[1]?.uri ?? '', /^rtsp:\/\/cam\.relay\.example:\d+\/a\?b=c&d=%20#e$/);
  },
);

for (const transport of ['tcp', 'udp'] as const)
  test(`a camera with an IPv6 address is played over ${transport}`, { timeout }, async (t) => {
    const camera = await ScriptedCamera.start(t, { host: '::1' });
    const { reach, stop } = watch(t, camera, { transport, host: '::1', address: '::1' });
    await reach(10);
    await stop();
    assert.match(camera.requests[0]?.uri ?? '', /^rtsp:\/\/\[::1\]:\d+\/live$/);
    assert.equal(camera.sessions, 0);
  });
