import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { after, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { frameNumberOfJpeg } from '../../bench/lib/frame-number.js';
import { distribution } from '../../bench/lib/stats.js';
import { CHOSEN_FFMPEG } from '../support/ffmpegs.js';
import { cameras, type Scope, service, watch } from '../support/rig.js';
import { until } from '../support/until.js';
import { type ReceivedFrame, slowLine, WallViewer } from '../support/wall-viewer.js';

/** Video as the camera sends it, from a virtual camera through the service to a wall's socket. */

const timeout = 90_000;
const scope = { after } as Scope;

/** Numbers of the pictures in units, decoded by FFmpeg; it says what is wrong with them on its standard error. */
function decode(units: readonly ReceivedFrame[]): { numbers: (number | null)[]; log: string } {
  const input = Buffer.concat(units.map(({ bytes }) => bytes));
  const args = [
    '-v',
    'warning',
    '-f',
    'h264',
    '-i',
    'pipe:0',
    '-q:v',
    '2',
    '-f',
    'image2pipe',
    '-c:v',
    'mjpeg',
    '-',
  ];
  const { stdout, stderr } = spawnSync(CHOSEN_FFMPEG.path, args, { input, maxBuffer: 1 << 28 });
  const numbers: (number | null)[] = [];
  for (let at = 0; at >= 0 && at < stdout.length;) {
    const next = stdout.indexOf(Buffer.of(0xff, 0xd8, 0xff), at + 3);
    numbers.push(frameNumberOfJpeg(stdout.subarray(at, next < 0 ? stdout.length : next)));
    at = next;
  }
  return { numbers, log: stderr.toString() };
}

const p90 = (frames: readonly ReceivedFrame[]): number =>
  distribution(frames.map(({ ageMs }) => ageMs))?.p90 ?? Infinity;

// A virtual camera begins with its next key frame.
const server = await service(scope, { OPEN_TIMEOUT_MS: '15000' });

test(
  'who joins in a group of ten seconds sees the present at once, and no decoder works for it',
  { timeout },
  async (t) => {
    const set = await cameras(t, { gop: 250 });
    const first = new WallViewer(t, server.port);
    await first.tile(1, 'long', set.url(0));
    await until('units', () => first.frames.length > 75, 15_000);
    const second = new WallViewer(t, server.port);
    const asked = performance.now();
    await second.tile(1, 'long', set.url(0));
    await until('units', () => second.frames.length > 60, 2000);
    assert.ok(performance.now() - asked < 500, 'the backlog comes at once');
    assert.equal(second.frames[0]?.kind, 'key');
    await sleep(1000);
    const { numbers, log } = decode(second.frames);
    assert.doesNotMatch(log, /error|missing|conceal|corrupt/i);
    assert.ok(numbers.length >= second.frames.length - 2);
    assert.ok(
      numbers.slice(1).every((number, i) => number === (numbers[i] ?? NaN) + 1),
      numbers.join(' '),
    );
    assert.equal(second.torn + first.torn, 0);
    assert.deepEqual(second.told, ['h264']);
    assert.deepEqual(second.of('video')[0], {
      type: 'video',
      handle: 1,
      form: 'h264',
      codec: 'avc1.4d400c',
      width: 320,
      height: 180,
      bt601: 'limited',
    });
    assert.equal(second.state(), 'live');
    assert.ok((await server.metric('frames_decoded_total', { camera: 'long' })) <= 2);
    assert.equal(server.ffmpegPids().length, 1);
    assert.equal(await server.metric('wall_tiles', { form: 'h264' }), 2);
  },
);

test(
  'a snapshot, a picture viewer and an old page get JPEGs of the present beside video',
  { timeout },
  async (t) => {
    const set = await cameras(t);
    const wall = new WallViewer(t, server.port);
    await wall.tile(1, 'both', set.url(0));
    await until('units', () => wall.frames.length > 50, 15_000);
    const answer = await fetch(
      `${server.url}/snapshot?camera_index=both&rtsp=${encodeURIComponent(set.url(0))}`,
    );
    assert.equal(answer.status, 200);
    assert.ok(Number(answer.headers.get('x-frame-age-ms')) < 1000, 'it is of now');
    assert.equal(answer.headers.get('x-camera-state'), 'live');
    assert.notEqual(frameNumberOfJpeg(Buffer.from(await answer.arrayBuffer())), null);
    const old = new WallViewer(t, server.port, { protocol: null });
    await old.tile(1, 'both', set.url(0), []);
    const viewer = watch(t, server, 'both', set.url(0));
    await viewer.more(50);
    await until('JPEGs', () => old.frames.length > 50);
    assert.equal(old.of('hello')[0]?.protocol, 1);
    assert.ok(old.frames.every(({ kind }) => kind === 'jpeg'));
    assert.equal(old.of('video').length, 0);
    assert.equal(wall.torn, 0);
    assert.deepEqual(wall.told, ['h264']);
  },
);

test('lost packets leave pictures out and tear none', { timeout }, async (t) => {
  const set = await cameras(t, { fault: 'loss:4' });
  const wall = new WallViewer(t, server.port);
  await wall.tile(1, 'loss', set.url(0));
  await until('units', () => wall.frames.length > 200, 40_000);
  assert.equal(wall.torn, 0);
  const { numbers, log } = decode(wall.frames);
  assert.doesNotMatch(log, /error|conceal|corrupt/i);
  const steps = numbers.slice(1).map((number, i) => (number ?? NaN) - (numbers[i] ?? NaN));
  assert.ok(
    steps.some((step) => step > 1),
    'some were lost',
  );
  assert.equal(numbers.includes(null), false);
});

test('another size is told before the key unit that has it', { timeout }, async (t) => {
  const set = await cameras(t);
  const wall = new WallViewer(t, server.port);
  await wall.tile(1, 'resized', set.url(0));
  await until('units', () => wall.frames.length > 30, 15_000);
  await set.fault('cam1', 'resize:480x270');
  await until('the news', () => wall.of('video').length === 2);
  const { length } = wall.frames;
  await until('units', () => wall.frames.length > length + 30);
  assert.deepEqual(
    wall.of('video').map((video) => video.form === 'h264' && [video.width, video.height]),
    [
      [320, 180],
      [480, 270],
    ],
  );
  assert.equal(wall.torn, 0);
  assert.equal(wall.state(), 'live');
});

test(
  'on a line of 1 Mbit/s a camera of 2 Mbit/s is shown as fresh JPEGs, and as video when the line is fast again',
  { timeout },
  async (t) => {
    const set = await cameras(t, { width: 640, height: 360, bitrate: 2_000_000, noise: 20 });
    const line = await slowLine(t, server.port, 1_000_000);
    const slow = new WallViewer(t, line.port);
    const other = new WallViewer(t, server.port);
    await other.tile(1, 'street', set.url(0));
    await until('units', () => other.frames.length > 30, 15_000);
    await slow.tile(1, 'street', set.url(0));
    await until('JPEG', () => slow.told.at(-1)?.startsWith('jpeg'), 10_000);
    const from = slow.frames.length;
    await sleep(10_000);
    const shown = slow.frames.slice(from);
    assert.ok(shown.length > 20 && shown.every(({ kind }) => kind === 'jpeg'), `${shown.length} frames`);
    assert.ok(p90(shown) < 600, `p90 of ${Math.round(p90(shown))} ms`);
    line.setRate(null);
    await until('video again', () => slow.told.at(-1) === 'h264', 40_000);
    await sleep(3000);
    assert.equal(slow.told.at(-1), 'h264');
    assert.ok(p90(slow.frames.slice(-50)) < 300);
    assert.equal(slow.torn + other.torn, 0);
    assert.deepEqual(other.told, ['h264']);
    const kept = other.frames
      .slice(1)
      .filter(({ sequence }, i) => sequence !== (other.frames[i]?.sequence ?? 0) + 1);
    assert.deepEqual(kept, [], 'the other viewer lost nothing');
  },
);
