import { createHash } from 'node:crypto';

/** Answers longer than this are no WebSocket handshake. */
const MAX_ANSWER_BYTES = 16 * 1024;
const HEAD_END = '\r\n\r\n';

/** The server did not switch to WebSocket. `status` is its HTTP status, 0 when the answer was no HTTP at all. */
export class HandshakeError extends Error {
  override readonly name = 'HandshakeError';
  constructor(
    readonly status: number,
    message: string,
  ) {
    super(message);
  }
}

export interface HandshakeRequest {
  readonly host: string;
  readonly port: number;
  /** Path with query, already encoded. */
  readonly path: string;
  /** Base64 of 16 bytes. */
  readonly key: string;
  readonly headers?: Readonly<Record<string, string>>;
}

export function handshakeRequest(request: HandshakeRequest): string {
  const lines = [
    `GET ${request.path} HTTP/1.1`,
    `Host: ${request.host}:${request.port}`,
    'Upgrade: websocket',
    'Connection: Upgrade',
    `Sec-WebSocket-Key: ${request.key}`,
    'Sec-WebSocket-Version: 13',
    ...Object.entries(request.headers ?? {}).map(([name, value]) => `${name}: ${value}`),
  ];
  return `${lines.join('\r\n')}${HEAD_END}`;
}

/** `Sec-WebSocket-Accept` for a key (RFC 6455, 4.2.2; the GUID is fixed there). */
function acceptFor(key: string): string {
  return createHash('sha1').update(`${key}258EAFA5-E914-47DA-95CA-C5AB0DC85B11`).digest('base64');
}

/** Reads the server's answer from chunks that may be cut anywhere. */
export class HandshakeReader {
  readonly #accept: string;
  #read = Buffer.alloc(0);

  constructor(key: string) {
    this.#accept = acceptFor(key);
  }

  /** The bytes behind the answer once it is whole, else undefined. Throws {@link HandshakeError}. */
  push(chunk: Uint8Array): Buffer | undefined {
    this.#read = Buffer.concat([this.#read, chunk]);
    const end = this.#read.indexOf(HEAD_END);
    if (end < 0) {
      if (this.#read.length > MAX_ANSWER_BYTES) throw new HandshakeError(0, 'answer without an end');
      return undefined;
    }
    const [statusLine = '', ...headers] = this.#read.toString('latin1', 0, end).split('\r\n');
    const status = Number(/^HTTP\/1\.1 (\d{3})/.exec(statusLine)?.[1] ?? 0);
    if (status !== 101)
      throw new HandshakeError(status, `server answers ${status === 0 ? 'no HTTP' : status}`);
    const accept = headers.find((line) => line.toLowerCase().startsWith('sec-websocket-accept:'));
    if (accept?.slice(accept.indexOf(':') + 1).trim() !== this.#accept) {
      throw new HandshakeError(status, 'wrong Sec-WebSocket-Accept');
    }
    return this.#read.subarray(end + HEAD_END.length);
  }
}
