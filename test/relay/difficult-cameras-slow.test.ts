import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { headerOf } from '../../src/rtsp/messages/message-syntax.js';
import { jpegFiles, packetiseJpeg } from '../rtp/packetise-jpeg.js';
import { rtp } from '../rtp/packetise.js';
import { ScriptedCamera, type Script, type Talk } from '../rtsp/support/scripted-camera.js';
import { CHOSEN_FFMPEG } from '../support/ffmpegs.js';
import { closed, service, type Service, until, watch } from '../support/rig.js';
import { encode } from '../video/encode.js';

/** Cameras that FFmpeg's own client or decoders fail with, from the camera to a viewer. One service for all of them. */

const timeout = 40_000;
const undo: (() => unknown)[] = [];
let server: Service;

before(async () => {
  server = await service(
    { after: (end: () => unknown) => void undo.push(end) },
    { OPEN_TIMEOUT_MS: '12000', LINGER_MS: '0' },
  );
});
after(async () => {
  for (const step of undo.reverse()) await step();
});

const at = (camera: ScriptedCamera, userinfo = '', host = '127.0.0.1'): string =>
  `rtsp://${userinfo}${host}:${camera.port}/live`;

const LOGIN = { username: 'viewer', password: 'p+a%2B@ü' };
const MD5 = 'Digest realm="cam", nonce="5ae62bb6"';
const SHA = 'Digest realm="cam", nonce="7fe0", algorithm="SHA-256"';

for (const [name, challenges] of [
  ['md5-sha', [MD5, SHA]],
  ['sha-md5', [SHA, MD5]],
  ['sha', [SHA]],
  ['sha-basic', [SHA, 'Basic realm="cam"']],
] as const)
  test(`a password with + gets a viewer past ${challenges.join(' and ')}`, { timeout }, async (t) => {
    const camera = await ScriptedCamera.start(t, { login: LOGIN, challenges: () => challenges });
    const userinfo = `viewer:${encodeURIComponent(LOGIN.password)}@`;
    await watch(t, server, name, at(camera, userinfo)).more(3, 15_000);
    // As people type it: a + in a URL's userinfo is a +.
    const typed = `viewer:p+a%252B%40${encodeURIComponent('ü')}@`;
    await watch(t, server, `${name}-typed`, at(camera, typed)).more(3, 15_000);
  });

test('a relay that goes by the host name is asked by the name of the URL', { timeout }, async (t) => {
  const camera = await ScriptedCamera.start(t, {
    script: Object.fromEntries(
      ['OPTIONS', 'DESCRIBE', 'SETUP', 'PLAY'].map((method): [string, NonNullable<Script[string]>] => [
        method,
        ({ uri }) => (uri.startsWith('rtsp://localhost:') ? undefined : { status: 404 }),
      ]),
    ),
  });
  await watch(t, server, 'named', at(camera, '', 'localhost')).more(3, 15_000);
});

test('a description that takes most of OPEN_TIMEOUT_MS is awaited', { timeout }, async (t) => {
  const slow = async (): Promise<undefined> => {
    await sleep(8000);
  };
  const camera = await ScriptedCamera.start(t, { script: { DESCRIBE: slow } });
  await watch(t, server, 'slow', at(camera)).more(3, 15_000);
});

test('H.264 that is described as H.265 is shown', { timeout }, async (t) => {
  const camera = await ScriptedCamera.start(t, { sdp: (plain) => plain.replace('H264/90000', 'H265/90000') });
  await watch(t, server, 'misnamed', at(camera)).more(3, 15_000);
});

test('the second video track is shown when the first is silent', { timeout }, async (t) => {
  const camera = await ScriptedCamera.start(t, {
    sdp: (plain) => {
      const section = plain.slice(plain.indexOf('m=video'));
      return plain + section.replace('trackID=0', 'trackID=1');
    },
    script: {
      PLAY: (request, { requests }) =>
        requests.some(({ uri }) => uri.endsWith('trackID=1'))
          ? undefined
          : `RTSP/1.0 200 OK\r\nCSeq: ${headerOf(request, 'cseq') ?? ''}\r\n\r\n`,
    },
  });
  await watch(t, server, 'second-track', at(camera)).more(3, 15_000);
});

/** A camera that sends JPEG of 2560x1440, more than a packet's header can say (RFC 2435, 3.1.5). */
function largeJpeg(t: Parameters<typeof ScriptedCamera.start>[0], sizeLine: string): Promise<ScriptedCamera> {
  const stream = encode(CHOSEN_FFMPEG.path, {
    source: 'testsrc2=size=2560x1440:rate=25',
    options: ['-c:v', 'mjpeg', '-huffman', 'default', '-q:v', '20'],
    format: 'mjpeg',
    frames: 2,
  });
  const files = jpegFiles(stream);
  const play = (_: unknown, { send, socket }: Talk): undefined => {
    let picture = 0;
    let sequence = 0;
    const timer = setInterval(() => {
      const file = files[picture % files.length];
      if (!file) return;
      for (const fields of packetiseJpeg(file, picture * 9000, { mtu: 1400, blocks: [0, 0] })) {
        const packet = rtp(fields, sequence++, { payloadType: 26, ssrc: 9, sequence: 0 });
        send(Buffer.concat([Buffer.of(0x24, 0, packet.length >> 8, packet.length & 255), packet]));
      }
      picture++;
    }, 100);
    socket.once('close', () => clearInterval(timer));
  };
  return ScriptedCamera.start(t, {
    fps: 0,
    sdp: (plain) =>
      `${plain.slice(0, plain.indexOf('m=video'))}m=video 0 RTP/AVP 26\r\n${sizeLine}a=control:trackID=0\r\n`,
    script: { PLAY: play },
  });
}

test(
  'JPEG of 2560x1440 is shown, or told as bad data where nothing says its size',
  { timeout },
  async (t) => {
    const told = await largeJpeg(t, 'a=framesize:26 2560-1440\r\n');
    await watch(t, server, 'large', at(told)).more(3, 15_000);
    const untold = await largeJpeg(t, '');
    const { code, reason } = await closed(watch(t, server, 'untold', at(untold)), 15_000);
    assert.equal(code, 4502);
    assert.match(reason, /video data cannot be decoded/);
    await until('the log says why', () => server.log().includes('more than 2040 pixels without its size'));
  },
);
