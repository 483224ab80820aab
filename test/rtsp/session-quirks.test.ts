import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { stamp } from '../../bench/virtual-camera/rtp.js';
import { headerOf, responseText, type RtspRequest } from '../../src/rtsp/messages/message-syntax.js';
import { ScriptedCamera, type Script } from './support/scripted-camera.js';
import { watch } from './support/watch.js';

/** What real cameras do beside or against RFC 2326: all of these were reported of models in use, and all must play. */

const timeout = 30_000;

const cseq = (request: RtspRequest): number => Number(headerOf(request, 'cseq'));

/** Plain answers with other header lines. */
const withHeaders =
  (change: (request: RtspRequest) => string): NonNullable<Script[string]> =>
  (request, { camera }) => {
    const { sps, pps } = camera.clip;
    const sets = [sps, pps].map((set) => set.toString('base64')).join(',');
    const body =
      request.method === 'DESCRIBE'
        ? `v=0\r\nm=video 0 RTP/AVP 96\r\na=rtpmap:96 H264/90000\r\na=fmtp:96 sprop-parameter-sets=${sets}\r\na=control:1\r\n`
        : '';
    return `RTSP/1.0 200 OK\r\n${change(request)}Content-Length: ${body.length}\r\nSession: 7\r\n\r\n${body}`;
  };

const always = (reply: NonNullable<Script[string]>): Script => ({ OPTIONS: reply, DESCRIBE: reply });

for (const [what, script] of [
  ['leaves CSeq out', always(withHeaders(() => ''))],
  ['answers with CSeq 0', always(withHeaders(() => 'Cseq: 0\r\n'))],
  ['is one behind in CSeq', always(withHeaders((request) => `CSeq: ${cseq(request) - 1}\r\n`))],
  [
    'folds its headers',
    always(withHeaders((request) => `CSeq:\r\n  ${cseq(request)}\r\nX-Long: a\r\n\tb\r\n`)),
  ],
  ['has empty header values', always(withHeaders((request) => `CSeq: ${cseq(request)}\r\nServer:\r\n`))],
  ['does not know OPTIONS', { OPTIONS: () => ({ status: 551 }) }],
  ['refuses OPTIONS', { OPTIONS: () => ({ status: 405 }) }],
  [
    'puts a Content-Base without a scheme',
    {
      DESCRIBE: withHeaders(
        (request) => `CSeq: ${cseq(request)}\r\nContent-Base: 192.168.1.10:554/stream0/\r\n`,
      ),
    },
  ],
  [
    'puts 100 Continue before its answer',
    {
      OPTIONS: (request, { send }) => {
        send(responseText(request, 100, 'Continue'));
        return undefined;
      },
    },
  ],
  [
    'knows no ranges',
    { PLAY: (request) => (headerOf(request, 'range') === null ? undefined : { status: 457 }) },
  ],
  [
    'refuses PLAY of the aggregate',
    { PLAY: ({ uri }) => (uri.endsWith('/trackID=0') ? undefined : { status: 459 }) },
  ],
] as const satisfies readonly (readonly [string, Script])[]) {
  test(`a camera plays that ${what}`, { timeout }, async (t) => {
    const camera = await ScriptedCamera.start(t, { script });
    const { reach, stop } = watch(t, camera);
    await reach(5);
    await stop();
    assert.equal(camera.sessions, 0);
  });
}

for (const [what, session] of [
  ['no session header', null],
  ['blanks in its session header', ' 12 ; timeout = 30 '],
  ['a session without timeout', 'abc$-_.+'],
  ['a timeout of nought', '5;timeout=0'],
] as const) {
  test(`a camera plays that has ${what}`, { timeout }, async (t) => {
    const camera = await ScriptedCamera.start(t, { session });
    const { reach, stop } = watch(t, camera);
    await reach(5);
    await stop();
    const sent = camera.requests.at(-1);
    assert.ok(sent?.method === 'TEARDOWN');
    assert.equal(headerOf(sent, 'session'), session?.split(';')[0]?.trim() ?? null);
  });
}

test('packets that come before the answer to PLAY are shown', { timeout }, async (t) => {
  const camera = await ScriptedCamera.start(t, {
    script: {
      PLAY: async (_, talk) => {
        talk.play();
        await sleep(400);
        assert.ok(units.length > 3, `${units.length} units`);
        return undefined;
      },
    },
  });
  const { units, reach } = watch(t, camera);
  await reach(20);
});

test("the server's own requests are answered, and the pictures go on", { timeout }, async (t) => {
  const answers: string[] = [];
  const camera = await ScriptedCamera.start(t, {
    script: {
      PLAY: (_, { send, socket }) => {
        socket.on('data', (chunk: Buffer) => answers.push(chunk.toString('latin1')));
        setTimeout(() => {
          send('OPTIONS * RTSP/1.0\r\nCSeq: 71\r\n\r\n');
          send('ANNOUNCE rtsp://cam/live RTSP/1.0\r\nCSeq: 72\r\nContent-Length: 5\r\n\r\nv=0\r\n');
          send('SET_PARAMETER rtsp://cam/live RTSP/1.0\r\nCSeq: 73\r\n\r\n');
        }, 200);
        return undefined;
      },
    },
  });
  const { reach } = watch(t, camera);
  await reach(20);
  const text = answers.join('');
  assert.match(text, /RTSP\/1\.0 200 OK\r\nCSeq: 71\r\nPublic: OPTIONS\r\n/);
  assert.match(text, /RTSP\/1\.0 501 Not Implemented\r\nCSeq: 72\r\n/);
  assert.match(text, /RTSP\/1\.0 501 Not Implemented\r\nCSeq: 73\r\n/);
});

test('bytes between interleaved packets are skipped and counted', { timeout }, async (t) => {
  const camera = await ScriptedCamera.start(t, {
    script: {
      PLAY: (_, { send, socket }) => {
        const timer = setInterval(() => send('\x00\x01junk'), 300);
        socket.on('close', () => clearInterval(timer));
        return undefined;
      },
    },
  });
  const { session, reach } = watch(t, camera);
  await reach(40);
  assert.ok((session.statistics?.junkBytes ?? 0) >= 6);
  assert.equal(session.statistics?.lost, 0);
});

test('packets of a session that is long gone are not taken', { timeout }, async (t) => {
  const camera = await ScriptedCamera.start(t, {
    script: {
      // Servers of 2013 go on sending to a connection whose socket number they had before.
      PLAY: (_, { send, socket }) => {
        const [template] = camera.clip.pictures;
        assert.ok(template);
        const stale = stamp(template, { channel: 6, sequence: 5, timestamp: 1, ssrc: 99 });
        const timer = setInterval(() => send(stale), 40);
        socket.on('close', () => clearInterval(timer));
        return undefined;
      },
    },
  });
  const { session, reach } = watch(t, camera);
  await reach(40);
  assert.equal(session.statistics?.lost, 0);
});
