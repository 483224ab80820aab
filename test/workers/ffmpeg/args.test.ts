import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type DecodeJob, ffmpegArgs } from '../../../workers/ffmpeg/args.js';

const timeout = 5000;
const URL = 'rtsp://u:p@10.0.0.1:554/;$(id)`x`&|"\' -i /etc/passwd';
const JOB: DecodeJob = {
  source: { url: URL, transport: 'tcp' },
  pixels: 'yuv420p',
  sizes: [{ width: 640, height: 360 }],
  keyFramesOnly: false,
  longProbe: false,
  ioTimeoutMs: 5000,
  skipLoopFilter: false,
};
const NEW = { avformat: 61, hasFpsMode: true };

/** The value behind an option that must be there once. */
function valueOf(args: readonly string[], option: string): string | undefined {
  assert.equal(args.filter((arg) => arg === option).length, 1, option);
  return args[args.indexOf(option) + 1];
}

for (const { build, timeoutOption, notOption, rateOption, rate } of [
  {
    build: { avformat: 58, hasFpsMode: false },
    timeoutOption: '-stimeout',
    notOption: '-timeout',
    rateOption: '-vsync',
    rate: '0',
  },
  {
    build: { avformat: 59, hasFpsMode: false },
    timeoutOption: '-timeout',
    notOption: '-stimeout',
    rateOption: '-vsync',
    rate: '0',
  },
  {
    build: { avformat: 59, hasFpsMode: true },
    timeoutOption: '-timeout',
    notOption: '-stimeout',
    rateOption: '-fps_mode',
    rate: 'passthrough',
  },
  {
    build: NEW,
    timeoutOption: '-timeout',
    notOption: '-stimeout',
    rateOption: '-fps_mode',
    rate: 'passthrough',
  },
]) {
  test(
    `libavformat ${build.avformat}, fps_mode ${build.hasFpsMode}: timeout and pass-through in its own words`,
    { timeout },
    () => {
      const args = ffmpegArgs(JOB, build);
      assert.equal(valueOf(args, timeoutOption), '5000000', 'microseconds');
      assert.ok(!args.includes(notOption));
      assert.equal(valueOf(args, rateOption), rate);
      assert.ok(args.indexOf(timeoutOption) < args.indexOf('-i'), 'an option of the input stands before it');
      assert.ok(args.indexOf(rateOption) > args.indexOf('-i'));
    },
  );
}

test('the URL is one literal argument, whatever it holds, and no shell is asked', { timeout }, () => {
  const args = ffmpegArgs(JOB, NEW);
  assert.equal(valueOf(args, '-i'), URL);
  assert.equal(args.filter((arg) => arg.includes('10.0.0.1')).length, 1);
});

test('only RTSP and what carries it may be opened', { timeout }, () => {
  const allowed = (valueOf(ffmpegArgs(JOB, NEW), '-protocol_whitelist') ?? '').split(',');
  assert.deepEqual(
    allowed.filter((protocol) =>
      ['file', 'http', 'https', 'pipe', 'concat', 'data', 'subfile'].includes(protocol),
    ),
    [],
  );
  assert.equal(valueOf(ffmpegArgs(JOB, NEW), '-allowed_media_types'), 'video');
});

test('the transport is the camera’s', { timeout }, () => {
  for (const transport of ['tcp', 'udp'] as const) {
    assert.equal(
      valueOf(ffmpegArgs({ ...JOB, source: { url: URL, transport } }, NEW), '-rtsp_transport'),
      transport,
    );
  }
});

test('deblocking is left out only when asked for', { timeout }, () => {
  assert.ok(!ffmpegArgs(JOB, NEW).includes('-skip_loop_filter'));
  const args = ffmpegArgs({ ...JOB, skipLoopFilter: true }, NEW);
  assert.equal(valueOf(args, '-skip_loop_filter'), 'all');
  assert.ok(args.indexOf('-skip_loop_filter') < args.indexOf('-i'));
});

test('one thread decodes, and one writes each output', { timeout }, () => {
  const args = ffmpegArgs({ ...JOB, sizes: [...JOB.sizes, { width: 320, height: 180 }] }, NEW);
  const at = args.flatMap((arg, i) => (arg === '-threads' && args[i + 1] === '1' ? [i] : []));
  assert.equal(at.length, 3);
  const [decoder = NaN, ...outputs] = at;
  assert.ok(decoder < args.indexOf('-i'));
  assert.deepEqual(
    outputs.map((i) => args.slice(i).find((arg) => arg.startsWith('pipe:'))),
    ['pipe:3', 'pipe:4'],
    'an option of the output stands before it',
  );
});

test('the short probe is left out when the long one is wanted', { timeout }, () => {
  assert.equal(valueOf(ffmpegArgs(JOB, NEW), '-probesize'), '32');
  assert.ok(
    !ffmpegArgs({ ...JOB, longProbe: true }, NEW).some((arg) => /probesize|analyzeduration/.test(arg)),
  );
});

test('key frames only is said to the decoder', { timeout }, () => {
  assert.ok(!ffmpegArgs(JOB, NEW).includes('-skip_frame'));
  const args = ffmpegArgs({ ...JOB, keyFramesOnly: true }, NEW);
  assert.equal(valueOf(args, '-skip_frame'), 'nokey');
  assert.ok(args.indexOf('-skip_frame') < args.indexOf('-i'));
});

test(
  'one size needs no split; several share one decode, each on a pipe of its own in order',
  { timeout },
  () => {
    assert.doesNotMatch(valueOf(ffmpegArgs(JOB, NEW), '-filter_complex') ?? '', /split/);
    const sizes = [
      { width: 320, height: 180 },
      { width: 640, height: 360 },
      { width: 1280, height: 720 },
    ];
    const args = ffmpegArgs({ ...JOB, sizes }, NEW);
    const graph = valueOf(args, '-filter_complex') ?? '';
    assert.match(graph, /^\[0:v:0\]split=3\[s0\]\[s1\]\[s2\];/);
    sizes.forEach(({ width, height }, i) => {
      const chain = graph.split(';').find((part) => part.startsWith(`[s${i}]`)) ?? '';
      assert.ok(chain.includes(`pad=${width}:${height}:`), chain);
      assert.ok(chain.endsWith(`[o${i}]`));
    });
    assert.deepEqual(
      args.filter((arg) => /^pipe:/.test(arg)),
      ['pipe:3', 'pipe:4', 'pipe:5'],
    );
    assert.deepEqual(
      args.flatMap((arg, i) => (arg === '-map' ? [args[i + 1]] : [])),
      ['[o0]', '[o1]', '[o2]'],
    );
  },
);

test('each pixel format has its own way to full range', { timeout }, () => {
  assert.match(valueOf(ffmpegArgs(JOB, NEW), '-filter_complex') ?? '', /format=yuv420p\|yuvj420p/);
  const rgb = valueOf(ffmpegArgs({ ...JOB, pixels: 'rgb24' }, NEW), '-filter_complex') ?? '';
  assert.match(rgb, /format=rgb24/);
  assert.doesNotMatch(rgb, /yuv/);
});
