import { headerOf } from '../../src/rtsp/messages/message-syntax.js';
import { randomBytes } from 'node:crypto';
import { flood, type HostileKind, only, withHeader } from './kind.js';

/** RTSP that is broken (RFC 2326). */
export const RTSP_KINDS: readonly HostileKind[] = [
  { name: 'silent', connect: () => undefined },
  { name: 'closes-at-once', connect: (socket) => void socket.destroy() },
  { name: 'resets-at-once', connect: (socket) => void socket.resetAndDestroy() },
  { name: 'speaks-first', connect: (socket) => void socket.write(randomBytes(5000)) },
  { name: 'speaks-http', answer: () => 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok' },
  { name: 'random-answer', answer: () => randomBytes(3000) },
  {
    name: 'endless-header',
    answer: only('OPTIONS', (_, socket) => {
      flood(socket, Buffer.from('X-Header: '.padEnd(1000, 'x')));
      return 'RTSP/1.0 200 OK\r\n';
    }),
  },
  {
    name: 'endless-body',
    answer: only('DESCRIBE', (answer, socket) => {
      setImmediate(flood, socket, Buffer.alloc(65_536, 0x61));
      return answer.replace(/Content-Length: \d+/, 'Content-Length: 4294967295');
    }),
  },
  {
    name: 'negative-length',
    answer: only('DESCRIBE', (answer) => answer.replace(/Content-Length: \d+/, 'Content-Length: -1')),
  },
  {
    name: 'two-lengths',
    answer: only('DESCRIBE', (answer) => withHeader(answer, 'Content-Length: 7')),
  },
  { name: 'wrong-cseq', answer: (_, answer) => answer.replace(/CSeq: .*/, 'CSeq: 4711') },
  { name: 'status-without-end', answer: () => `RTSP/1.0 ${'9'.repeat(4000)}` },
  {
    name: 'redirects-to-itself',
    answer: (request, answer) =>
      request.method === 'DESCRIBE'
        ? `RTSP/1.0 302 Moved\r\nCSeq: ${headerOf(request, 'cseq') ?? ''}\r\nLocation: ${request.uri}\r\n\r\n`
        : answer,
  },
  {
    name: 'many-challenges',
    answer: (request) => {
      const challenge = `WWW-Authenticate: Digest realm="${'r'.repeat(500)}", nonce="n"\r\n`;
      return `RTSP/1.0 401 No\r\nCSeq: ${headerOf(request, 'cseq') ?? ''}\r\n${challenge.repeat(200)}\r\n`;
    },
  },
  {
    name: 'byte-by-byte',
    answer: (_, answer, socket) => {
      const bytes = Buffer.from(answer);
      let at = 0;
      const timer = setInterval(() => {
        if (at >= bytes.length || !socket.writable) clearInterval(timer);
        else socket.write(bytes.subarray(at, (at += 1)));
      }, 50);
      return null;
    },
  },
  {
    name: 'long-session',
    answer: only('SETUP', (answer) => answer.replace(/Session: .*/, `Session: ${'s'.repeat(20_000)}`)),
  },
  {
    name: 'no-transport',
    answer: only('SETUP', (answer) => answer.replace(/Transport: .*\r\n/, '')),
  },
  {
    name: 'negative-session-timeout',
    answer: only('SETUP', (answer) => answer.replace('timeout=60', 'timeout=-60')),
  },
  {
    name: 'negative-channels',
    answer: only('SETUP', (answer) =>
      answer.replace(/(?:interleaved|server_port)=.*/, '$&;interleaved=-2--1'),
    ),
  },
  {
    name: 'negative-length-of-a-request',
    answer: only(
      'PLAY',
      (answer) => `${answer}SET_PARAMETER * RTSP/1.0\r\nCSeq: 1\r\nContent-Length: -9\r\n\r\n`,
    ),
  },
  { name: 'closes-after-play', answer: only('PLAY', (answer, socket) => (socket.end(answer), null)) },
  {
    name: 'asks-the-client',
    answer: only('PLAY', (answer) => `${answer}${'OPTIONS * RTSP/1.0\r\nCSeq: 1\r\n\r\n'.repeat(500)}`),
  },
];
