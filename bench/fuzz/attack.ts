import { connect } from 'node:net';
import { chunked, type SeededRandom, requestBytes, sessionBytes, SOCKET_PATHS } from './input.js';

const HOST = '127.0.0.1';

const handshake = (path: string): string =>
  `GET ${path}?${path === '/api/ws' ? 'src' : 'camera_index'}=honest HTTP/1.1\r\nHost: a\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n` +
  'Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n';

/** One connection: sends, waits a little for what comes, and drops it. Gives the answer's status, 0 without one. */
export function attack(port: number, random: SeededRandom): Promise<number> {
  const path = random.pick(SOCKET_PATHS);
  const chunks =
    random.next() < 0.5
      ? chunked(random, requestBytes(random))
      : [Buffer.from(handshake(path)), ...chunked(random, sessionBytes(random, path))];
  const waitMs = 5 + random.below(60);
  const politely = random.next() < 0.2;
  return new Promise((resolve) => {
    let status = 0;
    // Other addresses of this machine: a limit for each address would otherwise only see one.
    const socket = connect({
      port,
      host: HOST,
      localAddress: `127.0.0.${1 + random.below(200)}`,
      noDelay: true,
    });
    socket.on('error', () => undefined);
    socket.on(
      'data',
      (data) => (status ||= Number(/^HTTP\/1\.1 (\d{3})/.exec(data.toString('latin1', 0, 16))?.[1] ?? 0)),
    );
    socket.once('close', () => resolve(status));
    socket.once('connect', () => {
      for (const chunk of chunks) socket.write(chunk);
      // Mostly a reset, which also leaves no port in TIME_WAIT.
      setTimeout(() => (politely ? socket.end().destroySoon() : socket.resetAndDestroy()), waitMs);
    });
  });
}
