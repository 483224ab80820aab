import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer } from 'node:net';
import { test, type TestContext } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { stamp } from '../../bench/virtual-camera/rtp.js';
import { ScriptedCamera, type Script } from './support/scripted-camera.js';
import { watch, type WatchOptions } from './support/watch.js';
import { MachinePace } from '../support/machine-pace.js';

/** How a session ends when the camera is faulty or hostile: with a reason, in time, in bounded memory, and dialling nobody else. */

const timeout = 30_000;

async function endOf(t: TestContext, script: Script, options: WatchOptions = {}) {
  const camera = await ScriptedCamera.start(t, { script });
  const { session } = watch(t, camera, { openTimeoutMs: 600, ...options });
  const end = await session.ended;
  assert.ok(end.code !== 'stopped');
  return { ...end, camera };
}

for (const [method, status, code] of [
  ['DESCRIBE', 403, 'forbidden'],
  ['DESCRIBE', 404, 'not_found'],
  ['DESCRIBE', 400, 'protocol'],
  ['DESCRIBE', 500, 'unavailable'],
  ['DESCRIBE', 503, 'unavailable'],
  ['DESCRIBE', 551, 'protocol'],
  ['SETUP', 453, 'busy'],
  ['SETUP', 404, 'not_found'],
  ['PLAY', 453, 'busy'],
  ['PLAY', 503, 'unavailable'],
] as const) {
  test(`${status} at ${method} is told as ${code}`, { timeout }, async (t) => {
    const { detail, camera, ...end } = await endOf(t, {
      [method]: () => ({ status, reason: 'Of \x1b[2J the camera' }),
    });
    assert.equal(end.code, code);
    assert.equal(detail, `${method}: ${status} Of ?[2J the camera`);
    assert.equal(camera.sessions, 0);
  });
}

for (const method of ['OPTIONS', 'DESCRIBE', 'SETUP', 'PLAY'] as const) {
  test(`a redirect at ${method} is not followed`, { timeout }, async (t) => {
    const other = await ScriptedCamera.start(t, { host: '127.0.0.9' });
    const location = `rtsp://u:secretpw@127.0.0.9:${other.port}/x`;
    const { code, detail } = await endOf(t, {
      [method]: () => ({ status: 302, headers: { Location: location } }),
    });
    assert.equal(code, 'redirected');
    assert.match(detail, new RegExp(`302.*, to rtsp://\\*\\*\\*@127\\.0\\.0\\.9:${other.port}/x$`));
    await sleep(100);
    assert.equal(other.connections, 0);
  });
}

test('REDIRECT from the server is answered, and not followed', { timeout }, async (t) => {
  const other = await ScriptedCamera.start(t, { host: '127.0.0.9' });
  let answer = '';
  const { code, detail } = await endOf(t, {
    PLAY: (_, { send, socket }) => {
      socket.on('data', (chunk: Buffer) => (answer += chunk.toString('latin1')));
      const location = `rtsp://127.0.0.9:${other.port}/x`;
      setTimeout(
        () => send(`REDIRECT rtsp://cam/ RTSP/1.0\r\nCSeq: 5\r\nLocation: ${location}\r\n\r\n`),
        200,
      );
      return undefined;
    },
  });
  assert.equal(code, 'redirected');
  assert.match(detail, /^REDIRECT to rtsp:\/\/127\.0\.0\.9/);
  await sleep(100);
  assert.match(answer, /RTSP\/1\.0 200 OK\r\nCSeq: 5/);
  assert.equal(other.connections, 0);
});

const sdp = (lines: string): Script => ({ DESCRIBE: () => ({ status: 200, body: lines }) });

for (const [what, script, code, detail] of [
  ['audio alone', sdp('m=audio 0 RTP/AVP 8\r\n'), 'no_video', /no video, only audio PCMA/],
  [
    'another codec',
    sdp('m=video 0 RTP/AVP 33\r\n'),
    'no_video',
    /video MP2T: not H264, H265, JPEG or MP4V-ES/,
  ],
  [
    'a codec with a name that is an escape sequence',
    sdp('m=video 0 RTP/AVP 96\r\na=rtpmap:96 \x1b[2J/90000\r\n'),
    'no_video',
    /^video of unknown codec|^video/,
  ],
  ['SRTP', sdp('m=video 0 RTP/SAVP 96\r\na=rtpmap:96 H264/90000\r\n'), 'no_video', /encrypted \(SRTP\)/],
  ['no description', sdp(''), 'protocol', /no media/],
  ['20,000 media', sdp('m=video 0 RTP/AVP 96\r\n'.repeat(20_000)), 'protocol', /Content-Length above/],
  ['2,900 media', sdp('m=video 0 RTP/AVP 96\r\n'.repeat(2900)), 'protocol', /more than 2000 lines/],
  ['a line of 60 KB', sdp(`m=video 0 RTP/AVP 96\r\na=${'x'.repeat(60_000)}`), 'protocol', /more than 8192/],
  [
    'a body of 2 GB',
    { DESCRIBE: () => 'RTSP/1.0 200 OK\r\nContent-Length: 2147483647\r\n\r\n' },
    'protocol',
    /Content-Length/,
  ],
  [
    'a negative length',
    { DESCRIBE: () => 'RTSP/1.0 200 OK\r\nContent-Length: -5\r\n\r\n' },
    'protocol',
    /Content-Length/,
  ],
  [
    'HTTP',
    { OPTIONS: () => 'HTTP/1.1 400 Bad Request\r\n\r\n' },
    'protocol',
    /not RTSP: is this the right port/,
  ],
  ['nothing to OPTIONS', { OPTIONS: () => null }, 'open_timeout', /no answer to OPTIONS in 600 ms/],
  ['nothing to DESCRIBE', { DESCRIBE: () => null }, 'open_timeout', /no answer to DESCRIBE/],
  ['nothing to SETUP', { SETUP: () => null }, 'open_timeout', /no answer to SETUP/],
  ['nothing to PLAY', { PLAY: () => null }, 'open_timeout', /no answer to PLAY/],
  [
    'no packets after PLAY',
    { PLAY: (_, { requests }) => `RTSP/1.0 200 OK\r\nCSeq: ${requests.length}\r\n\r\n` },
    'open_timeout',
    /no picture in 600 ms/,
  ],
  [
    'a reset',
    {
      DESCRIBE: (_, { socket }) => {
        socket.resetAndDestroy();
        return null;
      },
    },
    'disconnected',
    /ECONNRESET/,
  ],
  [
    'an end of the connection',
    {
      SETUP: (_, { socket }) => {
        socket.end();
        return null;
      },
    },
    'disconnected',
    /^$/,
  ],
] as const satisfies readonly (readonly [string, Script, string, RegExp])[]) {
  test(`a camera that answers with ${what} ends as ${code}`, { timeout }, async (t) => {
    const pace = new MachinePace(t);
    const begin = performance.now();
    const end = await endOf(t, script);
    assert.equal(end.code, code, end.detail);
    assert.match(end.detail, detail);
    assert.match(end.detail, /^[\x20-\x7e]*$/);
    assert.ok(performance.now() - begin < 4000 + pace.delay(100));
  });
}

test('a port that nobody listens on is refused', { timeout }, async (t) => {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  assert.ok(typeof address === 'object' && address !== null);
  server.close();
  await once(server, 'close');
  const end = await watch(t, { port: address.port }).session.ended;
  assert.deepEqual(end, { code: 'refused', detail: 'ECONNREFUSED' });
});

test('many short waits count together', { timeout }, async (t) => {
  const slow: NonNullable<Script[string]> = async () => {
    await sleep(400);
    return undefined;
  };
  const pace = new MachinePace(t);
  const begin = performance.now();
  const end = await endOf(
    t,
    { OPTIONS: slow, DESCRIBE: slow, SETUP: slow, PLAY: slow },
    { openTimeoutMs: 1000 },
  );
  assert.equal(end.code, 'open_timeout');
  assert.ok(performance.now() - begin < 2500 + pace.delay(100));
});

test('silence after pictures is a stall, and the session is torn down', { timeout }, async (t) => {
  const camera = await ScriptedCamera.start(t, {
    fps: 0,
    script: {
      PLAY: (_, { camera: { clip }, send }) => {
        const [picture] = clip.pictures;
        assert.ok(picture);
        setTimeout(() => send(stamp(picture, { channel: 0, sequence: 1, timestamp: 1, ssrc: 1 })), 100);
        return undefined;
      },
    },
  });
  const { session, units } = watch(t, camera, { stallTimeoutMs: 700 });
  const end = await session.ended;
  assert.equal(end.code, 'stall');
  assert.match(JSON.stringify(end), /no packet for \d+ ms/);
  assert.equal(units.length, 1);
  assert.equal(camera.sessions, 0);
});
