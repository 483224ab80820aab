import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import fc from 'fast-check';
import { CAMERA_FAULTS, REFUSALS } from '../../src/shared/errors.js';
import { parseClientMessage, type ParsedMessage } from '../../src/wall/client-messages.js';
import { MAX_RENDITIONS_PER_CLIENT } from '../../src/viewer/client-seats.js';
import { parseCameraList, parseServerMessage } from '../../src/wall/page/server-messages.js';
import {
  decodeFrameHeader,
  encodeFrameHeader,
  FRAME_HEADER_BYTES,
  MAX_ACKS,
  MAX_CLIENT_MESSAGE_BYTES,
  HANDLES_PER_SECOND,
  HANDLE_BURST,
  MAX_HANDLES,
  MESSAGE_BURST,
  MESSAGES_PER_SECOND,
  TILE_CREDITS,
  TILE_STATES,
  type FrameKind,
  WALL_PROTOCOL_VERSION,
  type WallProtocol,
} from '../../src/wall/protocol.js';

const FAST = { timeout: 20_000 };

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);
const parse = (message: unknown, protocol: WallProtocol = 1): ParsedMessage =>
  parseClientMessage(bytes(JSON.stringify(message)), false, protocol);

test('a frame header comes out as it went in, for every handle, sequence and time', FAST, () => {
  const headers = fc.record({
    kind: fc.constantFrom('jpeg', 'key', 'delta'),
    handle: fc.integer({ min: 1, max: 0xffff }),
    sequence: fc.integer({ min: 0, max: 0xffffffff }),
    capturedAt: fc.double({ min: 0, max: 8.64e15, noNaN: true }),
  });
  fc.assert(
    fc.property(headers, (header) => {
      const encoded = encodeFrameHeader(header, 2);
      assert.equal(encoded.byteLength, FRAME_HEADER_BYTES);
      assert.deepEqual(decodeFrameHeader(encoded.buffer), { ...header });
    }),
  );
});

test('a frame header has the layout that PROTOCOL.md gives', FAST, () => {
  const hex = (kind: FrameKind, protocol: WallProtocol): string =>
    Buffer.from(
      encodeFrameHeader({ kind, handle: 0x0102, sequence: 0x03040506, capturedAt: 1 }, protocol),
    ).toString('hex');
  const rest = '0201' + '06050403' + '000000000000f03f';
  assert.equal(hex('jpeg', 1), `0101${rest}`);
  assert.equal(hex('jpeg', 2), `0201${rest}`);
  assert.equal(hex('key', 2), `0202${rest}`);
  assert.equal(hex('delta', 2), `0203${rest}`);
});

test('bytes that are no frame of a known version are refused, whatever they are', FAST, () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 40, max: 5 }), (data) => {
      const header = decodeFrameHeader(Uint8Array.from(data).buffer);
      const [version = 0, kind = 0] = data;
      const isKnown = (version === 1 && kind === 1) || (version === 2 && kind >= 1 && kind <= 3);
      const isFrame = data.length >= FRAME_HEADER_BYTES && isKnown;
      assert.equal(header !== null, isFrame);
    }),
  );
});

test('every kind of client message is understood', FAST, () => {
  const messages = [
    { type: 'subscribe', handle: 1, camera: 'gate' },
    {
      type: 'subscribe',
      handle: 65535,
      camera: 'gate',
      rtsp: 'rtsp://u:p@h/s',
      width: 320,
      height: 180,
      main: true,
    },
    { type: 'rendition', handle: 1, quality: 70, fps: 0.5 },
    { type: 'rendition', handle: 1 },
    { type: 'unsubscribe', handle: 1 },
    { type: 'pause', handles: [1, 2] },
    { type: 'resume', handles: [2] },
    { type: 'ack', frames: [[1, 0]] },
    { type: 'retry', camera: 'gate', rtsp: 'rtsp://u:p@h/s', main: true },
    { type: 'ping', sent: 1.5 },
  ];
  for (const message of messages) assert.deepEqual(parse(message), { kind: 'message', message });
});

test('codecs, and why they are fewer, are understood in version 2 and unknown in version 1', FAST, () => {
  const messages = [
    { type: 'subscribe', handle: 1, camera: 'gate', width: 320, codecs: ['h264', 'av9000'] },
    { type: 'rendition', handle: 1, main: true, codecs: [], why: 'capacity' },
    { type: 'ping', sent: 1.5 },
  ];
  for (const message of messages) assert.deepEqual(parse(message, 2), { kind: 'message', message });
  for (const message of messages.slice(0, 2))
    assert.match(JSON.stringify(parse(message, 1)), /unknown field/);
});

test('a bad list of codecs refuses the tile alone', FAST, () => {
  const cases: readonly (readonly [fields: object, problem: RegExp])[] = [
    [{ codecs: 'h264' }, /codecs must be at most 8 names/],
    [{ codecs: [264] }, /codecs must be/],
    [{ codecs: ['secret'.repeat(6)] }, /codecs must be/],
    [{ codecs: Array.from({ length: 9 }, () => 'h264') }, /codecs must be/],
    [{ why: 'secret' }, /why must be one of decoder/],
  ];
  for (const [fields, problem] of cases) {
    const parsed = parse({ type: 'rendition', handle: 7, ...fields }, 2);
    assert.ok(parsed.kind === 'refused' && parsed.what === 'rendition', JSON.stringify(fields));
    assert.match(parsed.problem, problem);
    assert.doesNotMatch(parsed.problem, /secret/);
  }
});

test('the largest pause and ack fit into the largest message', FAST, () => {
  const handles = Array.from({ length: MAX_HANDLES }, (_, at) => 65_535 - at);
  const frames = handles.slice(0, MAX_ACKS).map((handle) => [handle, 0xffffffff]);
  assert.equal(parse({ type: 'pause', handles }).kind, 'message');
  assert.equal(parse({ type: 'ack', frames }).kind, 'message');
});

test('a bad client message is refused with the name of what is wrong, never with its value', FAST, () => {
  const cases: readonly (readonly [message: unknown, problem: RegExp])[] = [
    [null, /object/],
    [[], /object/],
    ['subscribe', /object/],
    [{ type: 'nonsense' }, /type/],
    [{ type: 'subscribe', handle: 0, camera: 'a' }, /handle/],
    [{ type: 'subscribe', handle: 65536, camera: 'a' }, /handle/],
    [{ type: 'subscribe', handle: 1.5, camera: 'a' }, /handle/],
    [{ type: 'subscribe', handle: '1', camera: 'a' }, /handle/],
    [{ type: 'pause', handles: [] }, /handles/],
    [{ type: 'ack', frames: [[1]] }, /frames/],
    [{ type: 'ack', frames: [[1, -1]] }, /frames/],
    [{ type: 'ping' }, /sent/],
  ];
  for (const [message, problem] of cases) {
    const parsed = parse(message);
    assert.ok(parsed.kind === 'bad', JSON.stringify(message));
    assert.match(parsed.problem, problem);
    assert.ok(Buffer.byteLength(parsed.problem) <= 123);
  }
});

test(
  'a tile that asks for what there is not is refused alone, with the range, never with its value',
  FAST,
  () => {
    const cases: readonly (readonly [fields: object, problem: RegExp])[] = [
      [{ camera: undefined }, /camera must be/],
      [{ camera: '../secret' }, /camera must be/],
      [{ camera: 'secret\u0000' }, /camera must be/],
      [{ rtsp: 'secret'.repeat(400) }, /rtsp must be/],
      [{ secret: 1 }, /unknown field/],
      [{ width: 641, height: 360 }, /width must be an even whole number from 16 to 7680/],
      [{ height: 9000 }, /height must be/],
      [{ width: '640' }, /width must be/],
      [{ quality: 101 }, /quality must be a whole number from 1 to 100/],
      [{ fps: 0 }, /fps must be a number from 0.1 to 120/],
      [{ main: 'secret' }, /main/],
    ];
    for (const [fields, problem] of cases) {
      const parsed = parse({ type: 'subscribe', handle: 7, camera: 'gate', ...fields });
      assert.ok(parsed.kind === 'refused', JSON.stringify(fields));
      assert.deepEqual([parsed.what, parsed.handle], ['subscribe', 7]);
      assert.match(parsed.problem, problem);
      assert.doesNotMatch(parsed.problem, /secret/);
    }
    const change = parse({ type: 'rendition', handle: 8, width: 641 });
    assert.ok(change.kind === 'refused' && change.what === 'rendition' && change.handle === 8);
    assert.equal(parse({ type: 'subscribe', handle: 7, camera: 'gate', width: 640 }).kind, 'message');
  },
);

test('binary, torn UTF-8, broken JSON and too long messages are refused', FAST, () => {
  const torn = Uint8Array.of(0x22, 0xff, 0x22);
  assert.match(JSON.stringify(parseClientMessage(bytes('{}'), true, 1)), /text expected/);
  assert.match(JSON.stringify(parseClientMessage(torn, false, 1)), /not JSON/);
  assert.match(JSON.stringify(parseClientMessage(bytes('{'), false, 1)), /not JSON/);
  const long = bytes(`"${'x'.repeat(MAX_CLIENT_MESSAGE_BYTES)}"`);
  assert.match(JSON.stringify(parseClientMessage(long, false, 1)), /over 4096 bytes/);
});

test('arbitrary bytes never make the parser throw', FAST, () => {
  fc.assert(
    fc.property(fc.oneof(fc.uint8Array({ maxLength: 200 }), fc.json().map(bytes)), (data) => {
      for (const protocol of [1, 2] as const)
        assert.ok(['message', 'refused', 'bad'].includes(parseClientMessage(data, false, protocol).kind));
    }),
  );
});

test('every kind of server message is understood by the browser', FAST, () => {
  const messages = [
    { type: 'hello', protocol: 1, time: 5, credits: 2, maxHandles: 400 },
    { type: 'hello', protocol: 1, time: 5, credits: 2, maxHandles: 400, page: 'v1' },
    { type: 'pong', sent: 1, time: 2 },
    { type: 'retried', camera: 'gate', accepted: false },
    { type: 'video', handle: 3, form: 'h264', codec: 'avc1.4d401e', width: 640, height: 360 },
    {
      type: 'video',
      handle: 3,
      form: 'h265',
      codec: 'hvc1.1.6.L93.B0',
      width: 960,
      height: 1080,
      displayWidth: 1920,
      displayHeight: 1080,
      bt601: 'limited',
    },
    { type: 'video', handle: 3, form: 'jpeg', why: 'slow_line' },
    { type: 'refused', handle: 3, what: 'subscribe', code: 4404, reason: 'no_such_camera', text: 'none' },
    ...TILE_STATES.map((state) => ({
      type: 'state',
      handle: 3,
      camera: 'gate',
      state,
      reason: state === 'live' ? null : 'stall',
      text: '',
      since: 7,
    })),
  ];
  for (const message of messages) assert.deepEqual(parseServerMessage(JSON.stringify(message)), message);
});

test('the browser ignores server messages that it does not know', FAST, () => {
  fc.assert(
    fc.property(fc.oneof(fc.string(), fc.json()), (text) => {
      assert.equal(parseServerMessage(text), null);
    }),
  );
  assert.equal(parseServerMessage('{"type":"state","handle":1,"camera":"a","state":"odd","text":""}'), null);
  assert.equal(parseServerMessage('{"type":"video","handle":1,"form":"av9","codec":"av9","width":2}'), null);
});

test('a camera list is read leniently: one odd entry does not hide the others', FAST, () => {
  const list = {
    cameras: [
      { camera: 'gate', title: 'Gate', hasMain: true, formerNames: ['a', 7], more: 1 },
      ...[7, { title: 'x' }, { camera: 'b' }],
    ],
  };
  assert.deepEqual(parseCameraList(list)?.list, [
    { camera: 'gate', title: 'Gate', hasMain: true, formerNames: ['a'] },
    { camera: 'b', title: 'b', hasMain: false, formerNames: [] },
  ]);
  for (const odd of [null, [], {}, { cameras: {} }]) assert.equal(parseCameraList(odd), null);
});

test(
  'PROTOCOL.md names every reason code with its close code, and the limits that the code has',
  FAST,
  () => {
    const page = readFileSync(new URL('../../../PROTOCOL.md', import.meta.url), 'utf8');
    for (const [code, { close }] of [...Object.entries(CAMERA_FAULTS), ...Object.entries(REFUSALS)]) {
      assert.ok(page.includes(`| \`${code}\` | ${close} |`), code);
      assert.ok(page.includes(`| ${close} | `), String(close));
    }
    const english = (value: number): string => value.toLocaleString('en-US');
    assert.ok(page.includes(`${english(MAX_CLIENT_MESSAGE_BYTES)} bytes`));
    assert.ok(page.includes(`| handles | ${MAX_HANDLES} |`));
    assert.ok(
      page.includes(`${english(HANDLE_BURST)} at once, then ${english(HANDLES_PER_SECOND)} a second`),
    );
    assert.ok(page.includes(`| ${MAX_RENDITIONS_PER_CLIENT} besides its own`));
    assert.ok(page.includes(`${english(MESSAGE_BURST)} at once, then ${MESSAGES_PER_SECOND} a second`));
    assert.ok(
      page.includes(`Version ${WALL_PROTOCOL_VERSION}.`) &&
        page.includes(`A ${FRAME_HEADER_BYTES}-byte header`),
    );
    assert.ok(page.includes(`has ${TILE_CREDITS} credits`) && page.includes(`At most ${MAX_ACKS} pairs`));
  },
);
