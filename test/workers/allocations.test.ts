import assert from 'node:assert/strict';
import { test } from 'node:test';
import bundled from '@ffmpeg-installer/ffmpeg';
import { percentile } from '../../bench/lib/stats.js';
import { findFfmpeg } from '../../src/decoding/ffmpeg-build.js';
import type { Demand } from '../../src/shared/worker-protocol.js';
import { Decoder } from '../../workers/decoder.js';
import { type DecodeJob, ffmpegArgs } from '../../workers/ffmpeg/args.js';
import { OutputEncoder } from '../../workers/output-encoder.js';
import { NO_COUNTS } from '../support/fake-opener.js';

const SIZE = { width: 640, height: 360 };
const DEMAND: Demand = { key: '640x360q50', quality: 50, fps: null };
const FRAMES = 300;
/** Frames until every buffer that is reused has been made. */
const WARM_UP = 50;
/** What Node's own streams may take for themselves now and then. */
const SLACK_BYTES = 4096;

test(
  'a frame on its way allocates no buffer but the JPEG that is handed over',
  { timeout: 60_000 },
  async (t) => {
    const job: DecodeJob = {
      source: { url: '', transport: 'tcp' },
      pixels: 'yuv420p',
      sizes: [SIZE],
      keyFramesOnly: false,
      longProbe: true,
      ioTimeoutMs: 10_000,
      skipLoopFilter: false,
    };
    const build = await findFfmpeg(bundled.path);
    const args = ffmpegArgs(job, build);
    const from = args.indexOf('-protocol_whitelist');
    // A test picture in real time takes the camera's place; all behind it is as ever.
    const picture = `testsrc2=s=640x360:r=100:d=${FRAMES / 100}`;
    args.splice(from, args.indexOf('-i') + 2 - from, '-re', '-f', 'lavfi', '-i', picture);

    const more: number[] = [];
    let last = process.memoryUsage().arrayBuffers;
    const decoder = new Decoder(
      job,
      build,
      {
        frame: (_, frame) => {
          encoder.frame(frame);
        },
      },
      args,
    );
    const encoder = new OutputEncoder(
      { size: SIZE, memory: decoder.memoryOf(0), colours: () => decoder.colours },
      'yuv420p',
      [DEMAND],
      { ...NO_COUNTS },
      {
        hasRoom: () => true,
        send: ({ jpeg }) => {
          // Bytes of all array buffers of this thread; a collection in between makes it less, never more.
          const now = process.memoryUsage().arrayBuffers;
          more.push(now - last - jpeg.byteLength);
          last = now;
        },
      },
    );
    t.after(() => {
      decoder.stop();
      encoder.close();
      return decoder.ended;
    });
    await decoder.ended;

    assert.ok(more.length > FRAMES / 2, `${more.length} frames encoded`);
    const settled = more.slice(WARM_UP).sort((a, b) => a - b);
    assert.ok(percentile(settled, 50) <= SLACK_BYTES, `${percentile(settled, 50)} bytes more in the middle`);
    assert.ok(
      percentile(settled, 95) <= SLACK_BYTES,
      `${percentile(settled, 95)} bytes more in one of twenty`,
    );
  },
);
