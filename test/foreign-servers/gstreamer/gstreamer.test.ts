import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { after, before, describe, test } from 'node:test';
import { promisify } from 'node:util';
import bundled from '@ffmpeg-installer/ffmpeg';
import type { ServerProcess } from '../../../bench/lib/server-process.js';
import { startService } from '../../../bench/lib/service.js';
import { connectViewer } from '../../../bench/lib/ws-viewer.js';
import { startGstServer, type GstLogin, type GstServer } from './gst-server.js';
import { decodeJpeg, meanDifference, pixel, type Rgb } from '../../support/pictures.js';

/** The whole relay against GStreamer's RTSP server, which this project did not write. */

const LOGIN: GstLogin = { scheme: 'digest', user: 'viewer', password: 'p:w/%2@ü' };
const FFMPEGS = [
  { name: 'the bundled FFmpeg', path: bundled.path },
  { name: 'a current FFmpeg', path: 'ffmpeg' },
];
const FRAMES = 50;
const FPS = 25;
const TEST_TIMEOUT_MS = 30_000;
const PATIENCE_MS = 25_000;
const options = { timeout: TEST_TIMEOUT_MS };

let open: GstServer;
let guarded: GstServer;
let basic: GstServer;
before(async () => {
  [open, guarded, basic] = await Promise.all([
    startGstServer(),
    startGstServer(LOGIN),
    startGstServer({ ...LOGIN, scheme: 'basic' }),
  ]);
}, options);
after(async () => {
  await Promise.all([open, guarded, basic].map((server) => server.stop()));
}, options);

interface Watched {
  /** The newest, at most as many as were asked for. */
  readonly jpegs: readonly Buffer[];
  /** Messages that are not whole JPEGs, among all that came. */
  readonly torn: number;
}

/**
 * Watches `rtsp` under the name `camera` until its newest `frames` JPEGs came at a rate from `fps.from` to `fps.to`.
 * A window that moves, since a busy machine makes a burst of any stream now and then, and its end: a stream that never
 * keeps its rate fails after PATIENCE_MS. Rejects too when the service closes first.
 */
async function watch(
  service: ServerProcess,
  camera: string,
  rtsp: string,
  frames: number,
  fps = { from: 0, to: Infinity },
): Promise<Watched> {
  const newest: { jpeg: Buffer; at: number }[] = [];
  const rate = (): number => (1000 * (newest.length - 1)) / ((newest.at(-1)?.at ?? 0) - (newest[0]?.at ?? 0));
  let steady = false;
  const viewer = connectViewer({
    host: '127.0.0.1',
    port: service.port,
    path: viewerPath(camera, rtsp),
    mode: 'keep',
    onFrame(jpeg, at) {
      if (steady) return;
      newest.push({ jpeg, at });
      if (newest.length > frames) newest.shift();
      steady = newest.length === frames && rate() >= fps.from && rate() <= fps.to;
      if (steady) viewer.close();
    },
  });
  const patience = setTimeout(() => viewer.close(), PATIENCE_MS);
  const closed = await viewer.ended;
  clearTimeout(patience);
  const seen = `${viewer.stats.frames} frames, the newest at ${rate().toFixed(1)} a second`;
  assert.ok(steady, `closed (${closed.code} ${closed.reason}) after ${seen}`);
  return { jpegs: newest.map(({ jpeg }) => jpeg), torn: viewer.stats.torn };
}

const viewerPath = (camera: string, rtsp: string): string =>
  `/ws?${new URLSearchParams({ camera_index: camera, rtsp }).toString()}`;

/** The newest of a few frames: the first after a start may still be an incomplete picture. */
async function settledPicture(service: ServerProcess, camera: string, rtsp: string): Promise<Buffer> {
  const { jpegs } = await watch(service, camera, rtsp, 10);
  return jpegs.at(-1) ?? Buffer.alloc(0);
}

/** A frame of `rtsp` as FFmpeg itself makes a JPEG of it, at its best quality. */
async function ffmpegJpeg(ffmpeg: string, rtsp: string): Promise<Buffer> {
  const input = ['-v', 'error', '-nostdin', '-rtsp_transport', 'tcp', '-i', rtsp];
  const output = [
    '-frames:v',
    '1',
    '-pix_fmt',
    'yuvj420p',
    '-q:v',
    '2',
    '-f',
    'image2pipe',
    '-c:v',
    'mjpeg',
    '-',
  ];
  const run = promisify(execFile);
  const { stdout } = await run(ffmpeg, [...input, ...output], {
    encoding: 'buffer',
    maxBuffer: 1 << 24,
    timeout: TEST_TIMEOUT_MS,
  });
  return stdout;
}

function assertNear(actual: Rgb, wanted: Rgb, levels: number, what: string): void {
  const near = wanted.every((level, channel) => Math.abs(level - (actual[channel] ?? Infinity)) <= levels);
  assert.ok(near, `${what}: ${actual.join(' ')} instead of about ${wanted.join(' ')}`);
}

for (const ffmpeg of FFMPEGS) {
  for (const transport of ['tcp', 'udp'] as const) {
    describe(`GStreamer over ${transport} with ${ffmpeg.name}`, { concurrency: 6, timeout: 60_000 }, () => {
      let service: ServerProcess;
      before(async () => {
        service = await startService({ env: { FFMPEG_PATH: ffmpeg.path, RTSP_TRANSPORT: transport } });
      }, options);
      after(async () => {
        const { killed } = await service.stop();
        assert.equal(killed, false, 'the service ends by SIGTERM');
      }, options);

      test(`a camera that offers nothing but ${transport} plays`, options, async () => {
        const { jpegs } = await watch(service, 'picky', open.url(`/h264-${transport}-only`), 5);
        assert.equal(jpegs.length, 5);
      });

      for (const mount of ['/h264', '/h265', '/mjpeg'] as const) {
        for (const digest of [false, true]) {
          const name = `${mount.slice(1)}${digest ? ' behind Digest' : ''}`;
          test(`${name} plays at its rate as whole moving JPEGs of 640x360`, options, async () => {
            const server = digest ? guarded : open;
            const camera = name.replaceAll(' ', '-');
            const seen = await watch(service, camera, server.url(mount), FRAMES, {
              from: 0.9 * FPS,
              to: 1.1 * FPS,
            });

            assert.equal(seen.torn, 0);
            const pictures = new Set(seen.jpegs.map((jpeg) => jpeg.toString('latin1')));
            assert.ok(pictures.size > 0.8 * FRAMES, `${pictures.size} different pictures`);
            for (const jpeg of [seen.jpegs[0], seen.jpegs.at(-1)]) {
              const { width, height } = decodeJpeg(jpeg ?? Buffer.alloc(0));
              assert.deepEqual([width, height], [640, 360]);
            }
          });
        }
      }
    });
  }

  describe(`GStreamer with ${ffmpeg.name}`, { concurrency: 3, timeout: 60_000 }, () => {
    let service: ServerProcess;
    before(async () => {
      service = await startService({ env: { FFMPEG_PATH: ffmpeg.path } });
    }, options);
    after(async () => {
      await service.stop();
    }, options);

    test('a camera behind Basic authentication plays', options, async () => {
      const { jpegs } = await watch(service, 'basic', basic.url('/h264'), 5);
      assert.equal(jpegs.length, 5);
    });

    for (const scheme of ['Basic', 'Digest'] as const) {
      test(
        `a password that the camera refuses by ${scheme} closes the viewer with 4401`,
        options,
        async () => {
          const server = scheme === 'Basic' ? basic : guarded;
          const rtsp = server.url('/h264', { user: LOGIN.user, password: 'not-this-one' });
          const viewer = connectViewer({
            host: '127.0.0.1',
            port: service.port,
            path: viewerPath(`refused-${scheme}`, rtsp),
            mode: 'count',
          });
          const closed = await viewer.ended;
          assert.equal(closed.code, 4401, closed.reason);
          assert.ok(!closed.reason.includes('not-this-one'));
          assert.ok(!service.log().includes('not-this-one'), 'no password in the log');
        },
      );
    }

    test('colours are those of FFmpeg within 4 levels a channel', options, async () => {
      const ours = decodeJpeg(await settledPicture(service, 'bars', open.url('/bars')));
      const theirs = decodeJpeg(await ffmpegJpeg(ffmpeg.path, open.url('/bars')));

      const difference = meanDifference(ours, theirs);
      const shown = difference.map((levels) => levels.toFixed(2)).join(' ');
      assert.ok(Math.max(...difference) < 4, `mean difference ${shown}`);
      // 75 % bars, so the colours themselves are known: the second of seven is yellow.
      assertNear(pixel(ours, 137, 100), [191, 191, 0], 8, 'the yellow bar');
    });

    test('a 4:3 camera keeps its shape between black borders', options, async () => {
      const shown = decodeJpeg(await settledPicture(service, '4x3', open.url('/four-by-three')));
      assert.deepEqual([shown.width, shown.height], [640, 360]);
      // 480x360 in the middle of 640x360: 80 columns are black on each side.
      for (const x of [10, 70, 570, 630]) assertNear(pixel(shown, x, 100), [0, 0, 0], 8, `border at ${x}`);
      assertNear(pixel(shown, 110, 100), [191, 191, 191], 8, 'the grey bar');
    });
  });
}
