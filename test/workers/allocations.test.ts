import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import bundled from '@ffmpeg-installer/ffmpeg';
import { percentile } from '../../bench/lib/stats.js';
import { findFfmpeg } from '../../src/decoding/ffmpeg-build.js';
import type { Demand } from '../../src/shared/worker-protocol.js';
import { createFrameMemory } from '../../workers/frame-memory.js';
import { OutputEncoder } from '../../workers/output-encoder.js';
import { USUAL_COLOURS } from '../../workers/source-colours.js';
import { VideoDecoder } from '../../workers/video-decoder.js';
import { encodeUnits } from '../support/access-units.js';
import { NO_COUNTS } from '../support/fake-opener.js';

const SIZE = { width: 640, height: 360 };
const DEMAND: Demand = { key: '640x360q50', quality: 50, fps: null };
/** Frames until every buffer that is reused has been made. */
const WARM_UP = 50;
/** What goes into FFmpeg's pipe, and what Node's own streams may take for themselves now and then. */
const SLACK_BYTES = 12_288;
const FRAME_MS = 10;

test(
  'a frame on its way allocates no buffer but its access unit and the JPEG that is handed over',
  { timeout: 60_000 },
  async (t) => {
    const units = encodeUnits(t, {
      codec: 'h264',
      source: 'testsrc2=s=640x360:r=100:d=3',
      args: ['-bf', '0', '-g', '300', '-crf', '35'],
      format: SIZE,
    });
    const [first] = units;
    assert.ok(first);
    const memory = createFrameMemory(SIZE.width, SIZE.height);
    const more: number[] = [];
    let last = process.memoryUsage().arrayBuffers;
    const encoder = new OutputEncoder(
      { size: SIZE, memory },
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
    const decoder = new VideoDecoder(
      { format: first.format, aspect: null, pixels: 'yuv420p', sizes: [SIZE], skipLoopFilter: false },
      await findFfmpeg(bundled.path),
      [memory.buffers],
      {
        frame: (_, frame, ticks) => encoder.frame(frame, { arrivedAt: ticks, colours: USUAL_COLOURS }),
        passed: () => encoder.flush(),
      },
    );
    t.after(() => {
      decoder.stop();
      encoder.close();
      return decoder.ended;
    });
    for (const unit of units) {
      decoder.decode({ unit, ticks: unit.mediaTimeMs });
      await sleep(FRAME_MS);
    }
    assert.ok(more.length > units.length / 2, `${more.length} frames encoded`);
    const settled = more.slice(WARM_UP).sort((a, b) => a - b);
    assert.ok(percentile(settled, 50) <= SLACK_BYTES, `${percentile(settled, 50)} bytes more in the middle`);
    assert.ok(
      percentile(settled, 95) <= SLACK_BYTES,
      `${percentile(settled, 95)} bytes more in one of twenty`,
    );
  },
);
