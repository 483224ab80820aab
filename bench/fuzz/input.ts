/** Inputs of the fuzz run: mutated requests, frames and wall messages, all from one seed. Pure. */

/** Deterministic numbers from a seed (mulberry32). */
export class SeededRandom {
  #state: number;

  constructor(seed: number) {
    this.#state = seed >>> 0;
  }

  /** 0 to 1, without 1. */
  next(): number {
    this.#state = (this.#state + 0x6d2b79f5) >>> 0;
    let t = this.#state;
    t = Math.imul(t ^ (t >>> 15), t | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  }

  /** 0 to `count` - 1. */
  below(count: number): number {
    return Math.floor(this.next() * count);
  }

  pick<T>(items: readonly [T, ...T[]]): T {
    return items[this.below(items.length)] ?? items[0];
  }

  bytes(length: number): Buffer {
    return Buffer.from(Array.from({ length }, () => this.below(256)));
  }
}

/** Values that have broken parsers before. None of them can be dialled: port 1 of the own machine refuses. */
const VALUES = [
  '',
  ' ',
  '0',
  '-1',
  '1e9',
  '640',
  '99999999999999999999',
  '%',
  '%zz',
  '%00',
  '%0d%0aX:%20y',
  '%ff%fe',
  '__proto__',
  'constructor',
  '../../etc/passwd',
  '<script>',
  'a'.repeat(300),
  'a'.repeat(9000),
  'rtsp%3A%2F%2Flocalhost%3A1%2Fx',
  'file%3A%2F%2F%2Fetc%2Fpasswd',
  'rtsp%3A%2F%2F169.254.169.254%2F',
  'rtsp%3A%2F%2Fu%3Ap%40localhost%3A1%2Fx',
  '%F0%9F%92%A9',
  'true',
  '1',
  'honest',
] as const satisfies [string, ...string[]];
const PARAMETERS = [
  'camera_index',
  'rtsp',
  'width',
  'height',
  'quality',
  'fps',
  'token',
  'events',
  'src',
  'w',
  'h',
  'x',
] as const;
const PATHS = [
  '/ws',
  '/wall',
  '/api/ws',
  '/api/frame.jpeg',
  '/api/stream.mjpeg',
  '/snapshot',
  '/stream.mjpeg',
  '/api/cameras',
  '/metrics',
  '/',
  '/healthz',
  '/nowhere',
  '//',
  '/%2e%2e/',
] as const;
const METHODS = ['GET', 'GET', 'GET', 'GET', 'POST', 'HEAD', 'OPTIONS', 'BREW'] as const;
const ODD_HEADERS = [
  'Content-Length: 5',
  'Content-Length: -1',
  'Transfer-Encoding: chunked',
  'Origin: null',
  'Origin: https://evil.example',
  'Authorization: Bearer x',
  'Cookie: rtsp_ws_token=x',
  'Sec-WebSocket-Protocol: a, b',
  'Sec-WebSocket-Extensions: permessage-deflate',
  'Expect: 100-continue',
  'Connection: close',
  'Host: b',
  `X: ${'y'.repeat(5000)}`,
  ': z',
  'no colon',
] as const;

/** A request as it should be, or nearly. */
function request(random: SeededRandom): string {
  const query = Array.from(
    { length: random.below(4) },
    () => `${random.pick(PARAMETERS)}=${random.pick(VALUES)}`,
  );
  if (random.next() < 0.5) query.unshift('camera_index=honest');
  const headers = [
    'Host: a',
    'Upgrade: websocket',
    'Connection: Upgrade',
    'Sec-WebSocket-Version: 13',
    'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==',
  ];
  if (random.next() < 0.3) headers.splice(random.below(headers.length), 1);
  while (random.next() < 0.4) headers.push(random.pick(ODD_HEADERS));
  return `${random.pick(METHODS)} ${random.pick(PATHS)}?${query.join('&')} HTTP/1.${random.next() < 0.95 ? 1 : 0}\r\n${headers.join('\r\n')}\r\n\r\n`;
}

/** Flips, deletes, repeats and inserts bytes. */
function mutate(random: SeededRandom, input: Buffer): Buffer {
  let bytes = Buffer.from(input);
  for (let n = 1 + random.below(6); n > 0 && bytes.length > 0; n--) {
    const at = random.below(bytes.length);
    const end = Math.min(bytes.length, at + 1 + random.below(16));
    const kind = random.below(4);
    if (kind === 0) bytes[at] = (bytes[at] ?? 0) ^ (1 << random.below(8));
    else if (kind === 1) bytes = Buffer.concat([bytes.subarray(0, at), bytes.subarray(end)]);
    else if (kind === 2) bytes = Buffer.concat([bytes.subarray(0, end), bytes.subarray(at)]);
    else
      bytes = Buffer.concat([bytes.subarray(0, at), random.bytes(1 + random.below(8)), bytes.subarray(at)]);
  }
  return bytes;
}

/** Bytes for a fresh connection. */
export function requestBytes(random: SeededRandom): Buffer {
  if (random.next() < 0.03) return random.bytes(1 + random.below(2000));
  const plain = Buffer.from(request(random), 'latin1');
  return random.next() < 0.6 ? mutate(random, plain) : plain;
}

/** Cuts bytes anywhere. */
export function chunked(random: SeededRandom, bytes: Buffer): Buffer[] {
  if (random.next() < 0.6) return [bytes];
  const cut = random.below(bytes.length + 1);
  return [bytes.subarray(0, cut), bytes.subarray(cut)].filter((chunk) => chunk.length > 0);
}

const FIRST = [0x81, 0x81, 0x82, 0x01, 0x80, 0x00, 0x88, 0x89, 0x8a, 0x83, 0x8b, 0xc1, 0x09] as const;

/** A client frame whose announced length, mask and opcode need not be right. */
function frame(random: SeededRandom, payload: Buffer): Buffer {
  const length = random.next() < 0.9 ? payload.length : random.below(70_000);
  const masked = random.next() < 0.95;
  const key = random.bytes(4);
  const head = [
    random.next() < 0.6 ? 0x81 : random.pick(FIRST),
    ...(length < 126 ? [length] : [126, length >> 8, length & 255]),
  ];
  head[1] = (head[1] ?? 0) | (masked ? 0x80 : 0);
  const body = masked ? payload.map((byte, i) => byte ^ (key[i % 4] ?? 0)) : payload;
  return Buffer.concat([Buffer.from(head), ...(masked ? [key] : []), body]);
}

const NUMBERS = [0, 1, 2, 3, -1, 65_535, 65_536, 1.5, 1e308, 640, 641] as const;
const KINDS = [
  'subscribe',
  'subscribe',
  'rendition',
  'unsubscribe',
  'pause',
  'resume',
  'ack',
  'ping',
  'toString',
] as const;
const NAMES = ['honest', 'nobody', '../x', '__proto__', '', 'a'.repeat(100)] as const;

/** A message of the wall's protocol, each field right or wrong by chance. */
function wallMessage(random: SeededRandom): string {
  const number = (): number => random.pick(NUMBERS);
  const odd = (): unknown => random.pick<unknown>([number(), null, true, '1', [], {}, [[]], 'x'.repeat(500)]);
  const field = (right: () => unknown): unknown => (random.next() < 0.85 ? right() : odd());
  const handles = (): number[] => Array.from({ length: random.below(5) }, number);
  const message: Record<string, unknown> = { type: field(() => random.pick(KINDS)), handle: field(number) };
  if (random.next() < 0.7) message['camera'] = field(() => random.pick(NAMES));
  if (random.next() < 0.2)
    message['rtsp'] = field(() => decodeURIComponent(random.pick(['rtsp%3A%2F%2Flocalhost%3A1%2Fx', 'x'])));
  for (const name of ['width', 'height', 'quality', 'fps', 'main', 'sent'])
    if (random.next() < 0.3) message[name] = field(number);
  if (random.next() < 0.3) message['handles'] = field(handles);
  if (random.next() < 0.3) message['frames'] = field(() => handles().map((handle) => [handle, number()]));
  return random.next() < 0.95 ? JSON.stringify(message) : JSON.stringify(message).slice(1);
}

/** What go2rtc's players say, and what none of them would. */
const PLAYER_TYPES = [
  'mjpeg',
  'mjpeg',
  'mjpeg',
  'mse',
  'webrtc/offer',
  'webrtc/candidate',
  'toString',
  '',
] as const;

/** A message of go2rtc's players, each field right or wrong by chance. */
function playerMessage(random: SeededRandom): string {
  const odd = (): unknown => random.pick<unknown>([1, null, true, [], {}, ['mjpeg'], 'x'.repeat(500)]);
  const type = random.next() < 0.85 ? random.pick(PLAYER_TYPES) : odd();
  const value = random.next() < 0.5 ? 'v=0\r\no=- 1 1 IN IP4 127.0.0.1' : odd();
  const whole = random.next() < 0.9 ? { type, value } : random.pick<unknown>([null, 1, 'mjpeg', [], [[]]]);
  const text = JSON.stringify(whole);
  return random.next() < 0.95 ? text : text.slice(1);
}

/** The WebSocket paths of the service. */
export const SOCKET_PATHS = ['/ws', '/wall', '/api/ws'] as const;

const MESSAGES = { '/ws': null, '/wall': wallMessage, '/api/ws': playerMessage } as const;

/** What a client sends after a good handshake. */
export function sessionBytes(random: SeededRandom, path: (typeof SOCKET_PATHS)[number]): Buffer {
  const message = MESSAGES[path];
  const frames = Array.from({ length: 1 + random.below(12) }, () => {
    const payload =
      message && random.next() < 0.8
        ? Buffer.from(message(random))
        : random.bytes(random.below(random.next() < 0.9 ? 120 : 5000));
    return frame(random, payload);
  });
  const bytes = Buffer.concat(frames);
  return random.next() < 0.3 ? mutate(random, bytes) : bytes;
}
