import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ScriptedCamera } from './support/scripted-camera.js';
import { watch } from './support/watch.js';

/** Several media in one description: the first video that can be decoded and comes is played. */

const timeout = 30_000;

const twoTracks = (plain: string): string =>
  `${plain}m=video 0 RTP/AVP 96\r\n${plain.split(/m=video.*\r\n/)[1]?.replace('trackID=0', 'trackID=1') ?? ''}`;

test(
  'when the first of two video tracks is silent the second is played, in a session after the first',
  { timeout },
  async (t) => {
    const camera = await ScriptedCamera.start(t, {
      sdp: twoTracks,
      script: {
        PLAY: (_, { requests }) =>
          requests.some(({ uri }) => uri.endsWith('trackID=1'))
            ? undefined
            : 'RTSP/1.0 200 OK\r\nCSeq: 4\r\n\r\n',
        SETUP: () => {
          assert.equal(camera.sessions, 0, 'one session at a time');
          return undefined;
        },
      },
    });
    const { reach, stop, steps } = watch(t, camera, { trackSilenceMs: 500 });
    await reach(10);
    await stop();
    const setups = camera.requests.filter(({ method }) => method === 'SETUP').map(({ uri }) => uri.slice(-9));
    assert.deepEqual(setups, ['trackID=0', 'trackID=1']);
    assert.ok(steps.some((step) => step.kind === 'note' && /track 1 is silent/.test(step.text)));
    assert.equal(camera.sessions, 0);
  },
);

test(
  'of two video tracks that send the first is played, audio and metadata are not set up',
  { timeout },
  async (t) => {
    const audio =
      'm=audio 0 RTP/AVP 0\r\na=control:audio\r\nm=application 0 RTP/AVP 107\r\na=control:meta\r\n';
    const camera = await ScriptedCamera.start(t, {
      sdp: (plain) => twoTracks(plain).replace('m=video', `${audio}m=video`) + audio,
    });
    const { reach } = watch(t, camera, { trackSilenceMs: 300 });
    await reach(25);
    assert.deepEqual(
      camera.requests.filter(({ method }) => method === 'SETUP').map(({ uri }) => uri.slice(-9)),
      ['trackID=0'],
    );
  },
);

test('a track of another codec is passed over for one that can be decoded', { timeout }, async (t) => {
  const camera = await ScriptedCamera.start(t, {
    sdp: (plain) =>
      plain.replace('m=video', 'm=video 0 RTP/AVP 98\r\na=rtpmap:98 VP8/90000\r\na=control:vp8\r\nm=video'),
  });
  await watch(t, camera).reach(5);
  assert.ok(camera.requests.some(({ uri }) => uri.endsWith('/trackID=0')));
});

test('a description that says H.265 while H.264 comes is seen through', { timeout }, async (t) => {
  const camera = await ScriptedCamera.start(t, { sdp: (plain) => plain.replace('H264/90000', 'H265/90000') });
  const { reach, units, steps } = watch(t, camera);
  await reach(10);
  assert.equal(units[0]?.codec, 'h264');
  assert.ok(steps.some((step) => step.kind === 'note' && /says h265, but h264 comes/.test(step.text)));
});

test('packets that are no video end as bad data', { timeout }, async (t) => {
  const camera = await ScriptedCamera.start(t, {
    fps: 0,
    script: {
      PLAY: (_, { send, socket }) => {
        let sequence = 0;
        const timer = setInterval(() => {
          const packet = Buffer.alloc(216, 0xff);
          packet.set([0x24, 0, 0, 212, 0x80, 96, sequence >> 8, sequence++ & 255]);
          packet.fill(0, 8, 16);
          for (let i = 0; i < 50; i++) send(packet);
        }, 5);
        socket.on('close', () => clearInterval(timer));
        return undefined;
      },
    },
  });
  const { session, units } = watch(t, camera, { openTimeoutMs: 4000 });
  const end = await session.ended;
  assert.match(end.code, /^(bad_data|open_timeout)$/);
  assert.equal(units.length, 0);
});

const TRUNCATED_SPS = 'sprop-parameter-sets=Z0IAKeKQ,aM48gA==';

test(
  'parameter sets in the stream serve where those of the description are broken',
  { timeout },
  async (t) => {
    const camera = await ScriptedCamera.start(t, {
      sdp: (plain) => plain.replace(/sprop-parameter-sets=[^;\r]*/, TRUNCATED_SPS),
    });
    const { reach, steps } = watch(t, camera);
    await reach(10);
    assert.ok(steps.some((step) => step.kind === 'note' && /H\.264 SPS: truncated/.test(step.text)));
  },
);

test(
  'broken parameter sets in the description and none in the stream are bad data',
  { timeout },
  async (t) => {
    const camera = await ScriptedCamera.start(t, {
      fps: 0,
      sdp: (plain) => plain.replace(/sprop-parameter-sets=[^;\r]*/, TRUNCATED_SPS),
      script: {
        PLAY: (_, { send, socket }) => {
          let sequence = 0;
          const timer = setInterval(() => {
            // A slice of a key picture, alone.
            const packet = Buffer.from([
              0x24,
              0,
              0,
              16,
              0x80,
              0xe0,
              0,
              sequence++ & 255,
              0,
              0,
              0,
              0,
              0,
              0,
              0,
              0,
            ]);
            send(Buffer.concat([packet, Buffer.from([0x65, 0x88, 0x84, 0x21])]));
          }, 40);
          socket.on('close', () => clearInterval(timer));
          return undefined;
        },
      },
    });
    const { session } = watch(t, camera, { openTimeoutMs: 1500 });
    const end = await session.ended;
    assert.deepEqual(end, {
      code: 'bad_data',
      detail: 'the description cannot be read: H.264 SPS: truncated',
    });
  },
);
