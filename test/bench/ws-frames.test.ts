import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { PING, PONG, WsFrameError, WsFrameParser, maskedControl } from '../../bench/lib/ws-frames.js';
import { MessageReader, type ReadMode } from '../../bench/lib/ws-messages.js';

const CONTINUATION = 0;
const TEXT = 1;
const BINARY = 2;

/** A frame as a server sends it, with the shortest length form. */
function frame(opcode: number, payload: Uint8Array, fin = true): Buffer {
  const first = (fin ? 0x80 : 0) | opcode;
  const length = payload.length;
  let header: Buffer;
  if (length < 126) {
    header = Buffer.from([first, length]);
  } else if (length < 65_536) {
    header = Buffer.from([first, 126, length >> 8, length & 0xff]);
  } else {
    header = Buffer.alloc(10);
    header.set([first, 127]);
    header.writeBigUInt64BE(BigInt(length), 2);
  }
  return Buffer.concat([header, payload]);
}

function jpegOf(bytes: number, fill = 7): Buffer {
  const jpeg = Buffer.alloc(bytes, fill);
  jpeg.set([0xff, 0xd8], 0);
  jpeg.set([0xff, 0xd9], bytes - 2);
  return jpeg;
}

/** Everything that comes out, as comparable text. */
function read(mode: ReadMode, chunks: readonly Uint8Array[]): string[] {
  const events: string[] = [];
  const parser = new WsFrameParser(
    new MessageReader(mode, {
      onBinary: (bytes, whole, jpeg) =>
        events.push(`binary ${bytes} ${whole} ${jpeg === undefined ? 'uncopied' : jpeg.toString('base64')}`),
      onText: (text) => events.push(`text ${text}`),
      onControl: (opcode, payload) => events.push(`control ${opcode} ${payload.toString('hex')}`),
    }),
  );
  for (const chunk of chunks) parser.push(chunk);
  return events;
}

/** Cuts `bytes` at the given fractions. */
function cut(bytes: Buffer, at: readonly number[]): Buffer[] {
  const edges = [0, ...at.map((fraction) => Math.floor(fraction * bytes.length)), bytes.length];
  edges.sort((a, b) => a - b);
  return edges.slice(1).map((edge, index) => bytes.subarray(edges[index], edge));
}

const fraction = fc.double({ min: 0, max: 1, noNaN: true });
const payload = fc.uint8Array({ maxLength: 400 });
const anyFrames = fc.array(
  fc.oneof(
    fc.tuple(fc.constantFrom(BINARY), payload).map(([opcode, bytes]) => frame(opcode, bytes)),
    fc.string({ maxLength: 60 }).map((text) => frame(TEXT, Buffer.from(text))),
    fc.uint8Array({ maxLength: 125 }).map((bytes) => frame(PING, bytes)),
    fc
      .tuple(payload, fc.uint8Array({ maxLength: 9 }), payload)
      .map(([head, ping, tail]) =>
        Buffer.concat([frame(BINARY, head, false), frame(PING, ping), frame(CONTINUATION, tail)]),
      ),
  ),
  { maxLength: 12 },
);

test('the events are the same however the bytes are cut', { timeout: 60_000 }, () => {
  fc.assert(
    fc.property(
      anyFrames,
      fc.array(fraction, { maxLength: 20 }),
      fc.constantFrom<ReadMode>('count', 'keep'),
      (frames, cuts, mode) => {
        const bytes = Buffer.concat(frames);
        const whole = read(mode, [bytes]);
        assert.deepEqual(read(mode, cut(bytes, cuts)), whole);
        assert.deepEqual(
          read(
            mode,
            [...bytes].map((byte) => Buffer.from([byte])),
          ),
          whole,
        );
      },
    ),
    { numRuns: 100 },
  );
});

for (const length of [0, 1, 125, 126, 65_535, 65_536]) {
  test(`a message of ${length} bytes comes out whole`, { timeout: 30_000 }, () => {
    const bytes = Buffer.alloc(length, 3);
    const next = frame(PING, Buffer.from('after'));
    assert.deepEqual(read('keep', [Buffer.concat([frame(BINARY, bytes), next])]), [
      `binary ${length} false ${bytes.toString('base64')}`,
      `control ${PING} ${Buffer.from('after').toString('hex')}`,
    ]);
  });
}

test('a ping between fragments comes before the message that it interrupts', { timeout: 30_000 }, () => {
  const jpeg = jpegOf(300);
  const events = read('keep', [
    frame(BINARY, jpeg.subarray(0, 1), false),
    frame(CONTINUATION, jpeg.subarray(1, 200), false),
    frame(PING, Buffer.from([1, 2])),
    frame(CONTINUATION, jpeg.subarray(200)),
  ]);
  assert.deepEqual(events, [`control ${PING} 0102`, `binary 300 true ${jpeg.toString('base64')}`]);
});

test('counting copies nothing and still tells a torn JPEG from a whole one', { timeout: 30_000 }, () => {
  const jpeg = jpegOf(1000);
  const chunks = [frame(BINARY, jpeg), frame(BINARY, jpeg.subarray(0, 999)), frame(BINARY, jpeg.subarray(1))];
  assert.deepEqual(read('count', chunks), [
    'binary 1000 true uncopied',
    'binary 999 false uncopied',
    'binary 999 false uncopied',
  ]);
});

test('two bytes cannot be both the start and the end of a JPEG', { timeout: 30_000 }, () => {
  assert.deepEqual(read('count', [frame(BINARY, Buffer.from([0xff, 0xd8, 0xd9]))]), [
    'binary 3 false uncopied',
  ]);
});

const broken: [what: string, bytes: Buffer][] = [
  ['a masked frame', Buffer.from([0x82, 0x80])],
  ['reserved bits', Buffer.from([0xc2, 0])],
  ['an unknown data opcode', Buffer.from([0x83, 0])],
  ['an unknown control opcode', Buffer.from([0x8b, 0])],
  ['a fragmented ping', Buffer.from([0x09, 0])],
  ['a long ping', Buffer.from([0x89, 126, 0, 126])],
  ['a continuation of nothing', Buffer.from([0x80, 0])],
  ['a message inside a message', Buffer.from([0x02, 0, 0x82, 0])],
  ['an absurd length', Buffer.from([0x82, 127, 0, 0, 1, 0, 0, 0, 0, 0])],
];
for (const [what, bytes] of broken) {
  test(`${what} is an error, not a frame`, { timeout: 30_000 }, () => {
    assert.throws(() => read('count', [bytes]), WsFrameError);
  });
}

test('a control frame of a client is masked and of at most 125 bytes', { timeout: 30_000 }, () => {
  const pong = maskedControl(PONG, Buffer.from('ab'));
  assert.equal(pong.toString('hex'), '8a82000000006162');
  assert.throws(() => maskedControl(PONG, Buffer.alloc(126)), RangeError);
});
