import { headerOf } from '../../src/rtsp/messages/message-syntax.js';
import { randomBytes } from 'node:crypto';
import type { Socket } from 'node:net';
import type { HostileKind } from './kind.js';

/** Sends the same bytes again and again until the other side has had enough. */
function flood(socket: Socket, chunk: Buffer): void {
  const write = (): void => {
    if (socket.writable && socket.write(chunk)) setImmediate(write);
  };
  socket.on('drain', write);
  write();
}

/** Answers of one method alone are changed. */
const only =
  (
    method: string,
    change: (answer: string, socket: Socket) => string | Buffer | null,
  ): NonNullable<HostileKind['answer']> =>
  (request, answer, socket) =>
    request.method === method ? change(answer, socket) : answer;

const withHeader = (answer: string, header: string): string => answer.replace('\r\n', `\r\n${header}\r\n`);

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
    name: 'foreign-transport',
    answer: only('SETUP', (answer) =>
      answer.replace(
        /Transport: .*/,
        'Transport: RTP/AVP;unicast;source=192.0.2.1;server_port=1-2;client_port=1-2',
      ),
    ),
  },
  { name: 'closes-after-play', answer: only('PLAY', (answer, socket) => (socket.end(answer), null)) },
  {
    name: 'asks-the-client',
    answer: only('PLAY', (answer) => `${answer}${'OPTIONS * RTSP/1.0\r\nCSeq: 1\r\n\r\n'.repeat(500)}`),
  },
];
