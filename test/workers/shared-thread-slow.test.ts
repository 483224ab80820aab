import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer, type Socket } from 'node:net';
import { test, type TestContext } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { fdCountOf, memoryOf } from '../../bench/lib/proc.js';
import { startCameras } from '../../bench/virtual-camera/index.js';
import type { CameraRun } from '../../src/decoding/camera-run.js';
import { findFfmpeg } from '../../src/decoding/ffmpeg-build.js';
import { preferredPixels, WorkerPool } from '../../src/decoding/worker-pool.js';
import { epochMs } from '../../src/shared/clock.js';
import { renditionKey } from '../../src/shared/rendition.js';
import type { DecodePlan, RunEnd } from '../../src/shared/worker-protocol.js';
import { CHOSEN_FFMPEG } from '../support/ffmpegs.js';
import { until } from '../support/until.js';

/** Several cameras in one worker thread: what one of them does to the others, and what it leaves behind. */

const timeout = 120_000;
const SMALL = { width: 320, height: 180 };
const PLAN: DecodePlan = {
  outputs: [
    { ...SMALL, demands: [{ key: renditionKey({ ...SMALL, quality: 50 }), quality: 50, fps: null }] },
  ],
  pictures: 'all',
  video: false,
};

interface Seen {
  readonly run: CameraRun;
  /** Ages of the frames when they came, ms. */
  readonly ages: number[];
  end: RunEnd | null;
}

async function onePool(t: TestContext, runsPerThread = 16) {
  const died: (readonly string[])[] = [];
  const pool = new WorkerPool(
    runsPerThread,
    { ffmpegStarted: () => undefined, workerDied: (cameras) => died.push(cameras) },
    { threads: 1, runsPerThread },
  );
  t.after(() => pool.close());
  const ffmpeg = await findFfmpeg(CHOSEN_FFMPEG.path);
  const pixels = preferredPixels();
  const open = (camera: string, url: string, stallTimeoutMs = 5000, failedLast = false): Seen => {
    const { hostname, port, pathname } = new URL(url.replace('rtsp:', 'http:'));
    const ages: number[] = [];
    const run = pool.run(
      {
        ...{ camera, ffmpeg, pixels, plan: PLAN, aspect: null, skipLoopFilter: false, failedLast },
        source: {
          url: { scheme: 'rtsp', host: hostname, port: Number(port), pathAndQuery: pathname },
          ...{ credentials: null, address: hostname, transport: 'tcp' },
        },
        ...{ openTimeoutMs: 10_000, stallTimeoutMs },
      },
      {
        started: () => undefined,
        frame: ({ capturedAt }) => ages.push(epochMs() - capturedAt),
        unit: () => undefined,
        counters: () => undefined,
        video: () => undefined,
      },
    );
    const seen: Seen = { run, ages, end: null };
    void run.ended.then((end) => (seen.end = end));
    t.after(async () => {
      run.stop();
      await run.ended;
    });
    return seen;
  };
  return { pool, open, died };
}

const camerasOf = async (t: TestContext, count: number) => {
  const cameras = await startCameras({ ...SMALL, portsEach: true, gop: 12, count });
  t.after(() => cameras.stop());
  return cameras;
};

test('200 runs through one thread leave nothing in it', { timeout }, async (t) => {
  const cameras = await camerasOf(t, 2);
  const { pool, open } = await onePool(t, 32);
  const closed = createServer().listen(0, '127.0.0.1');
  await once(closed, 'listening');
  const { port } = closed.address() as { port: number };
  closed.close();
  const round = async (): Promise<void> => {
    const live = [0, 1].map((i) => open(`live${i}`, cameras.url(i)));
    const refused = Array.from({ length: 18 }, (_, i) => open(`refused${i}`, `rtsp://127.0.0.1:${port}/`));
    await until('pictures', () => live.every(({ ages }) => ages.length >= 3), 30_000);
    for (const { run } of live) run.stop();
    for (const { run } of [...live, ...refused]) await run.ended;
    assert.deepEqual(
      refused.map(({ end }) => end?.code),
      refused.map(() => 'refused'),
    );
  };
  const usage = () => ({
    fds: fdCountOf(process.pid) ?? 0,
    mb: (memoryOf(process.pid)?.rssBytes ?? 0) / 1e6,
  });
  for (let i = 0; i < 3; i++) await round();
  const before = usage();
  for (let i = 0; i < 7; i++) await round();
  await until('descriptors are back', () => usage().fds <= before.fds + 1);
  const grown = usage().mb - before.mb;
  t.diagnostic(`resident memory grew by ${grown.toFixed(1)} MB`);
  assert.ok(grown < 20, `resident memory grew by ${grown.toFixed(1)} MB`);
  assert.equal(pool.threads.length, 1, 'one thread has done it all');
});

test('a thread that dies ends all its runs, and the next ones find another', { timeout }, async (t) => {
  const cameras = await camerasOf(t, 3);
  const { pool, open, died } = await onePool(t);
  const names = ['cam1', 'cam2', 'cam3'];
  const openAll = (): Seen[] => names.map((name, i) => open(name, cameras.url(i)));
  for (let death = 1; death <= 2; death++) {
    const all = openAll();
    await until('pictures', () => all.every(({ ages }) => ages.length > 3), 15_000);
    assert.equal(pool.threads.length, 1);
    await pool.threads[0]?.terminate();
    for (const { run } of all) assert.equal((await run.ended).code, 'worker_died');
    await until('it is told once', () => died.length === death);
    assert.deepEqual(died.at(-1), names);
    assert.deepEqual(pool.pidsOf('cam1'), [], 'no FFmpeg is left');
  }
  // One of them may be what kills the threads.
  const apart = openAll();
  await until('pictures', () => apart.every(({ ages }) => ages.length > 3), 15_000);
  assert.equal(new Set(names.map((name) => pool.threadOf(name))).size, 3, 'now each has a thread of its own');
});

/** Answers every request and then sends valid RTP packets as fast as they are taken. */
async function floodingCamera(t: TestContext): Promise<string> {
  const SDP =
    'v=0\r\ns=-\r\nm=video 0 RTP/AVP 96\r\na=rtpmap:96 H264/90000\r\na=control:v\r\n' +
    'a=fmtp:96 packetization-mode=1;sprop-parameter-sets=Z0LADdoFB+hAAAADAEAAAAzDxQqoAA==,aM4PyA==\r\n';
  const PACKET = Buffer.alloc(4 + 12 + 100, 0x88);
  PACKET.set([0x24, 0, 0, 112, 0x80, 0xe0]);
  // A slice of an IDR picture.
  PACKET[16] = 0x65;
  let sequence = 0;
  const block = (): Buffer => {
    const packets = Array.from({ length: 500 }, () => {
      const packet = Buffer.from(PACKET);
      packet.writeUInt16BE(sequence++ & 0xffff, 6);
      packet.writeUInt32BE((sequence * 3600) >>> 0, 8);
      return packet;
    });
    return Buffer.concat(packets);
  };
  const flood = (socket: Socket): void => {
    if (socket.destroyed) return;
    const more = (): void => void setImmediate(flood, socket);
    if (socket.write(block())) more();
    else socket.once('drain', more);
  };
  const server = createServer((socket) => {
    t.after(() => socket.destroy());
    socket.on('error', () => undefined);
    socket.on('data', (data) => {
      const cseq = /CSeq: (\d+)/i.exec(data.toString('latin1'))?.[1];
      const method = data.toString('latin1').split(' ', 1)[0] ?? '';
      if (cseq === undefined) return;
      const body = method === 'DESCRIBE' ? SDP : '';
      socket.write(
        `RTSP/1.0 200 OK\r\nCSeq: ${cseq}\r\nSession: 1\r\nTransport: RTP/AVP/TCP;unicast;interleaved=0-1\r\n` +
          `Content-Type: application/sdp\r\nContent-Length: ${body.length}\r\n\r\n${body}`,
      );
      if (method === 'PLAY') flood(socket);
    });
  }).listen(0, '127.0.0.1');
  t.after(() => server.close());
  await once(server, 'listening');
  return `rtsp://127.0.0.1:${(server.address() as { port: number }).port}/flood`;
}

test('a camera that floods its connection leaves its neighbours their rate', { timeout }, async (t) => {
  const cameras = await camerasOf(t, 2);
  const { open } = await onePool(t);
  const neighbours = [0, 1].map((i) => open(`cam${i}`, cameras.url(i)));
  await until('pictures', () => neighbours.every(({ ages }) => ages.length > 25), 15_000);
  // Nothing of it can be decoded: with a usual timeout its run would end.
  const flooder = open('flood', await floodingCamera(t), 60_000);
  await sleep(1000);
  const before = neighbours.map(({ ages }) => ages.length);
  await sleep(4000);
  const rates = neighbours.map(({ ages }, i) => (ages.length - (before[i] ?? 0)) / 4);
  const late = neighbours.flatMap(({ ages }, i) => ages.slice(before[i])).sort((a, b) => a - b);
  const p90 = late[Math.floor(late.length * 0.9)] ?? Infinity;
  t.diagnostic(
    `${rates.join(', ')} fps, age p90 ${p90.toFixed(0)} ms, flooder ${JSON.stringify(flooder.end)}`,
  );
  assert.equal(flooder.end, null, 'it floods to the end');
  assert.ok(Math.min(...rates) >= 15, `${rates.join(', ')} fps`);
  assert.ok(p90 < 300, `age p90 ${p90.toFixed(0)} ms`);
});

test(
  'a camera that failed last time is apart from live ones until it gave pictures',
  { timeout },
  async (t) => {
    const cameras = await camerasOf(t, 2);
    const { pool, open } = await onePool(t);
    const live = open('live', cameras.url(0));
    const failed = open('failed', cameras.url(1), 5000, true);
    await until('pictures', () => [live, failed].every(({ ages }) => ages.length > 1), 15_000);
    assert.notEqual(pool.threadOf('failed'), pool.threadOf('live'));
    failed.run.stop();
    await failed.run.ended;
    const again = open('failed', cameras.url(1));
    await until('pictures', () => again.ages.length > 1, 15_000);
    assert.equal(pool.threadOf('failed'), pool.threadOf('live'));
  },
);
