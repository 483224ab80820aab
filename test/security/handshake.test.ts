import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { after, before, test } from 'node:test';
import { HandshakeReader } from '../../bench/lib/ws-handshake.js';
import { assertUnharmed, HOST, metric, PATIENCE_MS, sendRaw, startTarget, type Target } from './target.js';

/** Bytes that no browser sends. */

const timeout = 60_000;
const KEY = 'dGhlIHNhbXBsZSBub25jZQ==';
let target: Target;

before(async () => (target = await startTarget()), { timeout });
after(() => target.close(), { timeout });

interface Odd {
  readonly method?: string;
  readonly path?: string;
  readonly version?: string;
  /** Replaces a header, or leaves it out when undefined. */
  readonly headers?: Readonly<Record<string, string | undefined>>;
}

function handshake({
  method = 'GET',
  path = '/ws?camera_index=a',
  version = '1.1',
  headers = {},
}: Odd): string {
  const all: Record<string, string | undefined> = {
    Host: 'service',
    Upgrade: 'websocket',
    Connection: 'Upgrade',
    'Sec-WebSocket-Key': KEY,
    'Sec-WebSocket-Version': '13',
    ...headers,
  };
  const lines = Object.entries(all).flatMap(([name, value]) =>
    value === undefined ? [] : `${name}: ${value}`,
  );
  return `${method} ${path} HTTP/${version}\r\n${lines.join('\r\n')}\r\n\r\n`;
}

const ODD: readonly (readonly [string, Odd])[] = [
  ['POST instead of GET', { method: 'POST' }],
  ['POST with a body', { method: 'POST', headers: { 'Content-Length': '5' } }],
  ['DELETE', { method: 'DELETE' }],
  ['no Upgrade header', { headers: { Upgrade: undefined } }],
  ['another protocol to upgrade to', { headers: { Upgrade: 'h2c' } }],
  ['version 8', { headers: { 'Sec-WebSocket-Version': '8' } }],
  ['no version', { headers: { 'Sec-WebSocket-Version': undefined } }],
  ['no key', { headers: { 'Sec-WebSocket-Key': undefined } }],
  ['a key that is too short', { headers: { 'Sec-WebSocket-Key': 'abc' } }],
  ['HTTP/1.0', { version: '1.0' }],
  ['HTTP/9.9', { version: '9.9' }],
  ['no Host', { headers: { Host: undefined } }],
  [
    'two lengths of a body',
    { method: 'POST', headers: { 'Content-Length': '5', 'Transfer-Encoding': 'chunked' } },
  ],
];

for (const path of ['/ws', '/wall'])
  for (const [name, odd] of ODD)
    test(`${path} answers ${name} with an error and closes the connection`, { timeout }, async () => {
      const answer = await sendRaw(
        target.service.port,
        handshake({ ...odd, path: `${path}?camera_index=a` }),
      );
      assert.ok(answer.status >= 400 && answer.status <= 505, answer.text);
      assert.ok(answer.closed, 'still open');
    });

const NONSENSE: readonly (readonly [string, Buffer])[] = [
  ['TLS to a plain port', Buffer.from('16030100f1010000ed0303', 'hex')],
  ['SSH', Buffer.from('SSH-2.0-OpenSSH_9.2\r\n\r\n')],
  ['RTSP', Buffer.from('OPTIONS rtsp://a/b RTSP/1.0\r\nCSeq: 1\r\n\r\n')],
  ['HTTP/2', Buffer.from('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n')],
  ['bytes without meaning', Buffer.from([0xff, 0xfe, 0, 1, 2, 0x0d, 0x0a, 0x0d, 0x0a])],
];

for (const [name, bytes] of NONSENSE)
  test(
    `${name} is answered with an error or nothing, and the connection is closed`,
    { timeout },
    async () => {
      const answer = await sendRaw(target.service.port, bytes);
      assert.ok(answer.closed, 'still open');
      assert.ok(answer.status === 0 || answer.status >= 400, answer.text);
    },
  );

test('headers over the limit are refused with 431 however slowly they come', { timeout }, async () => {
  const head = handshake({}).replace('\r\n\r\n', '\r\n');
  const flood = Array.from({ length: 64 }, (_, i) => `X-${i}: ${'a'.repeat(1000)}\r\n`);
  const answer = await sendRaw(target.service.port, [head, ...flood]);
  assert.ok(answer.closed);
  // What was still on its way when it was closed resets the connection, and may take the answer with it.
  assert.ok([0, 431].includes(answer.status), answer.text);
});

test(
  'a long URL with a token and cookies is understood, though its headers come in pieces',
  { timeout },
  async () => {
    const rtsp = encodeURIComponent(`rtsp://127.0.0.1:9/${'ä'.repeat(400)}`);
    const path = `/ws?camera_index=long&rtsp=${rtsp}&width=1`;
    const headers = { Cookie: 'c'.repeat(4000), Authorization: `Bearer ${'t'.repeat(4000)}` };
    const text = handshake({ path, headers });
    const pieces = Array.from({ length: 4 }, (_, i) => text.slice(i * 3000, (i + 1) * 3000));
    const { text: answer } = await sendRaw(target.service.port, pieces, 2000);
    assert.match(answer, /101 Switching Protocols/);
    assert.match(answer, /width must be/);
  },
);

test('nobody noticed', { timeout }, () => assertUnharmed(target));

/** A client frame: masked unless told otherwise, with a mask of zeroes. */
function frame(first: number, payload: Uint8Array, masked = true): Buffer {
  const { length } = payload;
  const size = length < 126 ? [length] : [126, length >> 8, length & 255];
  size[0] = (size[0] ?? 0) | (masked ? 0x80 : 0);
  return Buffer.concat([Buffer.from([first, ...size]), Buffer.alloc(masked ? 4 : 0), payload]);
}

/** A raw viewer of the honest camera, its handshake done. */
async function openRaw(path: string): Promise<{ socket: Socket; closed: Promise<unknown> }> {
  const socket = connect({ port: target.service.port, host: HOST, noDelay: true });
  const reader = new HandshakeReader(KEY);
  socket.on('error', () => undefined);
  const closed = new Promise((resolve) => socket.once('close', resolve));
  await once(socket, 'connect');
  socket.write(handshake({ path }));
  await new Promise<void>((resolve, reject) => {
    socket.once('close', () => reject(new Error('closed within the handshake')));
    const read = (chunk: Buffer): void => {
      if (reader.push(chunk) === undefined) return;
      socket.off('data', read);
      resolve();
    };
    socket.on('data', read);
  });
  socket.resume();
  return { socket, closed };
}

const text = (length: number): Buffer => Buffer.alloc(length, 'a');
const FRAMES: readonly (readonly [string, readonly Buffer[]])[] = [
  ['a message over the limit', [frame(0x81, text(5000))]],
  ['an announced length of many gigabytes', [Buffer.from('82ff7fffffffffffffff00000000', 'hex')]],
  [
    'fragments that are over the limit together',
    [frame(0x01, text(4000)), frame(0x00, text(4000)), frame(0x80, text(4000))],
  ],
  // uWebSockets.js takes the first four bytes for the mask, and is out of step from the second frame on.
  ['frames without a mask', Array.from({ length: 10 }, () => frame(0x81, text(5), false))],
  ['a reserved opcode', [frame(0x83, text(5))]],
  ['a reserved control opcode', [frame(0x8b, text(5))]],
  ['a reserved bit', [frame(0xc1, text(5))]],
  ['a ping in fragments', [frame(0x09, text(5))]],
  ['a ping of 126 bytes', [frame(0x89, text(126))]],
  ['a continuation of nothing', [frame(0x80, text(5))]],
  ['bad UTF-8', [frame(0x81, Buffer.from([0xc3, 0x28]))]],
  ['half a character', [frame(0x81, Buffer.from([0xe2, 0x82]))]],
  ['1,200 messages at once', [Buffer.concat(Array.from({ length: 1200 }, () => frame(0x81, text(1))))]],
  ['1,200 empty messages at once', [Buffer.concat(Array.from({ length: 1200 }, () => frame(0x82, text(0))))]],
];

for (const path of ['/ws', '/wall'])
  for (const [name, bytes] of FRAMES)
    test(`a client of ${path} that sends ${name} is closed`, { timeout }, async () => {
      const { socket, closed } = await openRaw(path === '/ws' ? target.honestPath : path);
      for (const chunk of bytes) if (!socket.destroyed) socket.write(chunk);
      const timer = setTimeout(() => socket.destroy(new Error('not closed')), PATIENCE_MS);
      await closed;
      clearTimeout(timer);
      assert.equal(socket.errored?.message === 'not closed', false, 'not closed');
    });

test(
  '100 messages a second are too many on /ws, and keep-alives now and then are not',
  { timeout },
  async () => {
    const line = 'rtsp_ws_rejected_total{reason="too_many_messages"}';
    const earlier = await metric(target.service, line);
    const { socket, closed } = await openRaw(target.honestPath);
    for (let i = 0; i < 15; i++) socket.write(frame(0x81, text(1000)));
    const timer = setInterval(() => socket.write(frame(0x81, text(4))), 10);
    await closed;
    clearInterval(timer);
    assert.ok((await metric(target.service, line)) > earlier, 'not counted');
  },
);

test('nobody noticed any of the frames', { timeout }, () => assertUnharmed(target));
