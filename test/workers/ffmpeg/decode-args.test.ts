import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { VideoFormat } from '../../../src/video/video-format.js';
import { type DecodeJob, ffmpegArgs, fitInside, shapeOf } from '../../../workers/ffmpeg/decode-args.js';
import { formatOf } from '../../support/access-units.js';

const timeout = 30_000;
const NEW = { hasFpsMode: true };

const job = (format: Partial<VideoFormat> = {}, more: Partial<DecodeJob> = {}): DecodeJob => ({
  format: formatOf('h264', { width: 640, height: 360, ...format }),
  aspect: null,
  pixels: 'yuv420p',
  sizes: [{ width: 640, height: 360 }],
  skipLoopFilter: false,
  ...more,
});

/** The value behind an option that must be there once. */
function valueOf(args: readonly string[], option: string): string {
  assert.equal(args.filter((arg) => arg === option).length, 1, option);
  return args[args.indexOf(option) + 1] ?? '';
}

const graphOf = (of: DecodeJob): string => valueOf(ffmpegArgs(of, NEW), '-filter_complex');

test(
  'FFmpeg reads its standard input and no other source, whatever it is told to decode',
  { timeout },
  () => {
    for (const codec of ['h264', 'h265', 'jpeg', 'mpeg4'] as const) {
      const args = ffmpegArgs(job({ codec }), NEW);
      assert.equal(valueOf(args, '-i'), 'pipe:0');
      assert.equal(valueOf(args, '-protocol_whitelist'), 'pipe');
      assert.ok(args.indexOf('-c:v') < args.indexOf('-i'), 'the decoder is named, not guessed');
      assert.ok(
        args
          .filter((arg) => arg.includes(':') && !arg.startsWith('['))
          .every((arg) => /^pipe:\d$|^-?c:v$|^1:1000$/.test(arg)),
      );
    }
  },
);

test('frames are passed through in the words of each generation', { timeout }, () => {
  const options = (hasFpsMode: boolean): string[] => ffmpegArgs(job(), { hasFpsMode });
  assert.ok(options(true).join(' ').includes('-fps_mode passthrough'));
  assert.ok(!options(true).includes('-vsync'));
  assert.ok(options(false).join(' ').includes('-vsync 0'));
  assert.ok(!options(false).includes('-fps_mode'));
});

test('each size is an output of its own behind that of the times', { timeout }, () => {
  const sizes = [
    { width: 320, height: 180 },
    { width: 640, height: 360 },
  ];
  const args = ffmpegArgs(job({}, { sizes }), NEW);
  assert.deepEqual(
    args.filter((arg) => /^pipe:[^0]/.test(arg)),
    ['pipe:3', 'pipe:4', 'pipe:5'],
  );
  assert.deepEqual(
    args.filter((_, i) => args[i - 1] === '-map'),
    ['[times]', '[o0]', '[o1]'],
  );
});

test('the loop filter is skipped only if asked for', { timeout }, () => {
  assert.ok(!ffmpegArgs(job(), NEW).includes('-skip_loop_filter'));
  assert.equal(valueOf(ffmpegArgs(job({}, { skipLoopFilter: true }), NEW), '-skip_loop_filter'), 'all');
});

test(
  'interlaced streams are deinterlaced, flagged pictures only; others do not wait for it',
  { timeout },
  () => {
    assert.ok(!graphOf(job()).includes('yadif'));
    assert.match(graphOf(job({ interlaced: true })), /yadif=mode=send_frame:deint=interlaced/);
  },
);

test('the range of the source is kept, so that nothing is converted twice', { timeout }, () => {
  assert.match(graphOf(job()), /in_range=limited:out_range=limited,format=yuv420p/);
  assert.match(graphOf(job({ fullRange: true })), /in_range=full:out_range=full,format=yuvj420p/);
  assert.match(graphOf(job({ matrix: 'rgb' })), /out_range=limited,format=yuv420p/);
});

test('RGB is made with the matrix and range of the source', { timeout }, () => {
  const rgb = { pixels: 'rgb24' } as const;
  assert.match(graphOf(job({ matrix: 'bt709' }, rgb)), /in_color_matrix=bt709:in_range=limited,format=rgb24/);
  assert.match(graphOf(job({ matrix: 'unspecified', fullRange: true }, rgb)), /bt601:in_range=full/);
});

test('a picture fits inside its size in its own shape', { timeout }, () => {
  const tv = { width: 640, height: 360 };
  assert.deepEqual(fitInside(16 / 9, tv), tv);
  assert.deepEqual(fitInside(4 / 3, tv), { width: 480, height: 360 });
  assert.deepEqual(fitInside(32 / 9, tv), { width: 640, height: 180 });
  assert.deepEqual(fitInside(1000, tv), { width: 640, height: 2 });
  assert.deepEqual(fitInside(0.001, tv), { width: 2, height: 360 });
});

test('non-square samples and the aspect setting shape the picture', { timeout }, () => {
  const half = formatOf('h264', { width: 960, height: 1080 });
  assert.equal(shapeOf(half, null), 960 / 1080);
  assert.equal(shapeOf(half, 16 / 9), 16 / 9);
  assert.equal(shapeOf({ ...half, sampleAspect: { width: 2, height: 1 } }, null), 16 / 9);
  assert.doesNotMatch(graphOf(job({ width: 960, height: 1080 }, { aspect: 16 / 9 })), /pad/);
  assert.match(graphOf(job({ width: 960, height: 1080 })), /scale=320:360.*pad=640:360/);
});
