import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { MAX_HEAD_BYTES, MAX_JUNK_BYTES, RtspReader } from '../../src/rtsp/messages/message-reader.js';
import {
  headerOf,
  MAX_HEADERS,
  RtspSyntaxError,
  type RtspMessage,
} from '../../src/rtsp/messages/message-syntax.js';

const timeout = 30_000;

type Event = RtspMessage | { readonly kind: 'packet'; readonly channel: number; readonly packet: string };

/** Events of these chunks, and the error that ended them. */
function read(...chunks: readonly (Buffer | string)[]): {
  events: Event[];
  error: string | null;
  junk: number;
} {
  const events: Event[] = [];
  const reader = new RtspReader({
    message: (message) => events.push(message),
    packet: (channel, packet) => events.push({ kind: 'packet', channel, packet: packet.toString('hex') }),
  });
  let error: string | null = null;
  try {
    for (const chunk of chunks) reader.push(typeof chunk === 'string' ? Buffer.from(chunk, 'latin1') : chunk);
  } catch (thrown) {
    assert.ok(thrown instanceof RtspSyntaxError, String(thrown));
    error = thrown.message;
  }
  return { events, error, junk: reader.junkBytes };
}

/** An interleaved packet whose payload looks like RTP of `bytes` bytes. */
function packet(channel: number, bytes: number): Buffer {
  const frame = Buffer.alloc(4 + bytes, 0x11);
  frame[0] = 0x24;
  frame[1] = channel;
  frame.writeUInt16BE(bytes, 2);
  if (bytes > 0) frame[4] = 0x80;
  return frame;
}

const OK = 'RTSP/1.0 200 OK\r\nCSeq: 1\r\n\r\n';
const DESCRIBED = 'RTSP/1.0 200 OK\r\nCSeq: 2\r\nContent-Length: 5\r\n\r\nv=0\r\n';
const ANNOUNCE = 'ANNOUNCE rtsp://cam/x RTSP/1.0\r\nCSeq: 9\r\nContent-Length: 2\r\n\r\nhi';

test('responses, requests and packets come out in their order', { timeout }, () => {
  const { events, error, junk } = read(OK, packet(0, 12), ANNOUNCE, '\r\n', packet(1, 8), DESCRIBED);
  assert.equal(error, null);
  assert.equal(junk, 0);
  assert.deepEqual(
    events.map((event) => (event.kind === 'packet' ? `packet ${event.channel}` : event.kind)),
    ['response', 'packet 0', 'request', 'packet 1', 'response'],
  );
  const [ok, , announce, , described] = events;
  assert.ok(ok?.kind === 'response' && announce?.kind === 'request' && described?.kind === 'response');
  assert.deepEqual([ok.status, ok.reason, headerOf(ok, 'cseq')], [200, 'OK', '1']);
  assert.deepEqual([announce.method, announce.uri, announce.body], ['ANNOUNCE', 'rtsp://cam/x', 'hi']);
  assert.equal(described.body, 'v=0\r\n');
});

const piece = fc.oneof(
  fc
    .constantFrom(OK, DESCRIBED, ANNOUNCE, '\r\n', 'RTSP/1.0 401 \nX: 1\n y\n\n', 'RTSP', 'GET_PARA')
    .map((text) => Buffer.from(text, 'latin1')),
  fc.tuple(fc.nat(255), fc.nat(3000)).map(([channel, bytes]) => packet(channel, bytes)),
  fc.uint8Array({ maxLength: 60 }).map((bytes) => Buffer.from(bytes)),
);

test('any cutting of the bytes gives the same events, and the same error', { timeout }, () => {
  fc.assert(
    fc.property(
      fc.array(piece, { maxLength: 12 }),
      fc.array(fc.nat(4000), { maxLength: 30 }),
      fc.boolean(),
      (pieces, cuts, isRtsp) => {
        const bytes = Buffer.concat(isRtsp ? [Buffer.from(OK), ...pieces] : pieces);
        const borders = [0, ...cuts.map((cut) => cut % (bytes.length + 1)), bytes.length].sort(
          (a, b) => a - b,
        );
        const chunks = borders.slice(1).map((to, i) => bytes.subarray(borders[i], to));
        assert.deepEqual(read(...chunks), read(bytes));
      },
    ),
    { numRuns: 500 },
  );
});

test('one byte at a time is enough', { timeout }, () => {
  const bytes = Buffer.concat([Buffer.from(OK + DESCRIBED), packet(0, 1400), Buffer.from(ANNOUNCE)]);
  assert.deepEqual(read(...Array.from(bytes, (byte) => Buffer.of(byte))), read(bytes));
});

test('packets of every length pass through one memory for ever', { timeout }, () => {
  let count = 0;
  let bytes = 0;
  const reader = new RtspReader({
    message: () => undefined,
    packet: (_, view) => {
      count++;
      bytes += view.length;
    },
  });
  reader.push(Buffer.from(OK));
  let sent = 0;
  for (let i = 0; i < 400; i++) {
    const length = (i * 977) % 65_536;
    reader.push(packet(i % 2, length));
    sent += length;
  }
  assert.deepEqual([count, bytes], [400, sent]);
});

test('lines may end with LF alone, blanks may be doubled, values may be folded', { timeout }, () => {
  const { events } = read('RTSP/1.0  200  OK \nCseq :  7 \nPublic: OPTIONS,\n\t PLAY\nno colon\n\n');
  const [response] = events;
  assert.ok(response?.kind === 'response');
  assert.deepEqual(response.headers, [
    ['cseq', '7'],
    ['public', 'OPTIONS, PLAY'],
  ]);
  assert.equal(response.reason, 'OK');
});

test('bytes between packets are skipped up to the next packet or answer, and counted', { timeout }, () => {
  const junk = Buffer.from('\x00$\x00\xff\xff\x00'.repeat(10), 'latin1');
  const {
    events,
    error,
    junk: skipped,
  } = read(OK, packet(0, 20), Buffer.of(0, 1, 2), packet(0, 30), junk, OK);
  assert.equal(error, null);
  assert.deepEqual(
    events.map(({ kind }) => kind),
    ['response', 'packet', 'packet', 'response'],
  );
  assert.equal(skipped, 3 + junk.length);
});

test('random bytes that look like a method are no request', { timeout }, () => {
  const { events, error } = read(OK, 'ABC xyz\n', packet(0, 20), `PLAY ${'x'.repeat(5000)}`, packet(0, 30));
  assert.equal(error, null);
  assert.deepEqual(
    events.map(({ kind }) => kind),
    ['response', 'packet', 'packet'],
  );
});

for (const [what, bytes, message] of [
  ['another protocol', 'HTTP/1.1 400 Bad Request\r\n\r\n', /not RTSP: is this the right port\?/],
  ['a packet of TLS', '\x16\x03\x01\x02\x00', /not RTSP/],
  ['a status line without a number', 'RTSP/1.0 OK\r\n\r\n', /no RTSP start line/],
  [
    'a header without end',
    `RTSP/1.0 200 OK\r\nX: ${'x'.repeat(MAX_HEAD_BYTES)}`,
    /header is longer than 32768/,
  ],
  ['headers without end', `RTSP/1.0 200 OK\r\n${'X: 1\r\n'.repeat(10_000)}`, /header is longer than 32768/],
  [
    'too many headers',
    `RTSP/1.0 200 OK\r\n${'X: 1\r\n'.repeat(MAX_HEADERS + 1)}\r\n`,
    /more than 128 headers/,
  ],
  ['a body of 2 GB', 'RTSP/1.0 200 OK\r\nContent-Length: 2147483647\r\n\r\n', /Content-Length above 65536/],
  ['a negative length', 'RTSP/1.0 200 OK\r\nContent-Length: -1\r\n\r\n', /impossible Content-Length/],
  ['a length in hex', 'RTSP/1.0 200 OK\r\nContent-Length: 0x10\r\n\r\n', /impossible Content-Length/],
  [
    'two lengths',
    'RTSP/1.0 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n',
    /two different Content-Length/,
  ],
  ['junk without end', OK + '\x00'.repeat(MAX_JUNK_BYTES + 1), /neither RTSP nor RTP/],
] as const) {
  test(`${what} ends the reading with its reason`, { timeout }, () => {
    const { error } = read(bytes);
    assert.match(error ?? 'no error', message);
  });
}

test('after close no event comes, also from bytes that are here already', { timeout }, () => {
  let events = 0;
  const reader = new RtspReader({
    message: () => {
      events++;
      reader.close();
    },
    packet: () => events++,
  });
  reader.push(Buffer.concat([Buffer.from(OK), packet(0, 20), Buffer.from(OK)]));
  reader.push(packet(0, 20));
  assert.equal(events, 1);
});
