import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { createSocket, type Socket } from 'node:dgram';
import { once } from 'node:events';
import { describe, test, type TestContext } from 'node:test';
import { UDP_REORDER_WINDOW } from '../../src/rtp/packet-order.js';
import type { AccessUnit } from '../../src/video/access-unit.js';
import type { VideoCodec } from '../../src/video/video-format.js';
import { FFMPEGS } from '../support/ffmpegs.js';
import { pictureHashes, written } from './decode.js';
import { receiving, track, type Received } from './streams.js';

/** RTP that this project did not write: FFmpeg sends, over real sockets. */

const LIMIT = { timeout: 60_000 };
const PICTURES = 30;

const CASES: readonly {
  readonly codec: VideoCodec;
  readonly options: readonly string[];
  readonly format: string;
}[] = [
  {
    codec: 'h264',
    options: ['-c:v', 'libx264', '-preset', 'veryfast', '-tune', 'zerolatency', '-g', '10'],
    format: 'h264',
  },
  {
    codec: 'h265',
    options: [
      ...['-c:v', 'libx265', '-preset', 'ultrafast'],
      ...['-x265-params', 'log-level=none:keyint=10:min-keyint=10:bframes=0:repeat-headers=1'],
    ],
    format: 'hevc',
  },
  {
    codec: 'jpeg',
    options: ['-c:v', 'mjpeg', '-pix_fmt', 'yuvj420p', '-huffman', 'default'],
    format: 'mjpeg',
  },
  { codec: 'mpeg4', options: ['-c:v', 'mpeg4', '-g', '10'], format: 'm4v' },
];

async function bound(t: TestContext): Promise<Socket> {
  const socket = createSocket('udp4');
  t.after(() => socket.close());
  socket.bind(0, '127.0.0.1');
  await once(socket, 'listening');
  return socket;
}

const now = (): number => performance.timeOrigin + performance.now();

/** Feeds what comes in to a receiver; `reports` counts RTCP packets. */
async function listening(t: TestContext, codec: VideoCodec): Promise<Received & { address: string }> {
  const [media, control] = [await bound(t), await bound(t)];
  const payloadType = codec === 'jpeg' ? 26 : 96;
  const received = receiving({ track: track(codec, { payloadType }), reorder: UDP_REORDER_WINDOW });
  media.on('message', (packet) => received.receiver.receive(packet, now()));
  control.on('message', (packet) => received.receiver.receiveRtcp(packet, now()));
  const timer = setInterval(() => received.receiver.tick(now()), 5);
  t.after(() => clearInterval(timer));
  const address = `rtp://127.0.0.1:${media.address().port}?rtcpport=${control.address().port}&pkt_size=1200`;
  return Object.assign(received, { address });
}

/** Sends pictures in real time; the elementary stream that was sent. */
async function send(
  ffmpeg: string,
  options: readonly string[],
  format: string,
  address: string,
): Promise<Buffer> {
  const child = spawn(
    ffmpeg,
    [
      ...['-loglevel', 'error', '-nostdin', '-re', '-f', 'lavfi', '-i', 'testsrc2=size=320x240:rate=25'],
      ...['-frames:v', String(PICTURES), '-map', '0:v', ...options],
      ...['-f', 'tee', `[f=rtp:rtpflags=send_bye]${address.replaceAll(':', '\\:')}|[f=${format}]pipe\\:1`],
    ],
    { stdio: ['ignore', 'pipe', 'inherit'] },
  );
  const chunks: Buffer[] = [];
  child.stdout.on('data', (chunk: Buffer) => chunks.push(chunk));
  const [code] = (await once(child, 'close')) as [number];
  assert.equal(code, 0);
  return Buffer.concat(chunks);
}

function assertLive(units: readonly AccessUnit[]): void {
  // In real time: handed over when it came, not with the next picture.
  const spans = units
    .map(({ firstArrivedAt, arrivedAt }) => arrivedAt - firstArrivedAt)
    .sort((a, b) => a - b);
  assert.ok((spans[spans.length >> 1] ?? Infinity) < 20, spans.join());
  const steps = units.slice(1).map((unit, index) => unit.mediaTimeMs - (units[index]?.mediaTimeMs ?? 0));
  assert.ok(
    steps.every((step) => Math.abs(step - 40) < 1),
    steps.join(),
  );
}

for (const ffmpeg of FFMPEGS) {
  describe(`RTP of ${ffmpeg.name}`, () => {
    for (const { codec, options, format } of CASES) {
      test(`${codec}: each picture that was sent is shown`, LIMIT, async (t) => {
        const received = await listening(t, codec);
        const stream = await send(ffmpeg.path, options, format, received.address);
        await new Promise((done) => setTimeout(done, 200));
        const { units, problems, receiver } = received;
        assert.deepEqual(problems, []);
        assert.deepEqual(receiver.statistics.lost, 0);
        assert.equal(units.length, PICTURES);
        assertLive(units);
        const shown = pictureHashes(codec, written(codec, units));
        assert.deepEqual(shown, pictureHashes(codec, stream));
        assert.equal(received.byes, 1);
        assert.ok(Math.abs((receiver.senderTime(units[0]?.mediaTimeMs ?? 0) ?? 0) - now()) < 60_000);
      });
    }
  });
}
