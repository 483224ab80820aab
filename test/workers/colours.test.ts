import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { createFrameMemory } from '../../workers/frame-memory.js';
import { SourceColoursReader, USUAL_COLOURS } from '../../workers/source-colours.js';

const timeout = 10_000;
const even = (min: number, max: number) => fc.integer({ min: min / 2, max: max / 2 }).map((half) => 2 * half);

test('every sample is stretched to within one level of the exact value, for any size', { timeout }, () => {
  fc.assert(
    fc.property(
      even(16, 70),
      even(16, 40),
      fc.integer({ min: 0, max: 255 }),
      fc.boolean(),
      (width, height, first, second) => {
        const memory = createFrameMemory(width, height);
        const [frame, other] = second ? [memory.buffers[1], memory.buffers[0]] : memory.buffers;
        const level = (i: number): number => (first + i) % 256;
        frame.forEach((_, i) => (frame[i] = level(i)));
        other.fill(77);
        memory.toJpegColours(frame, USUAL_COLOURS);
        frame.forEach((value, i) => {
          const exact =
            i < width * height ? ((level(i) - 16) * 255) / 219 : ((level(i) - 128) * 255) / 224 + 128;
          assert.ok(Math.abs(value - Math.max(0, Math.min(255, exact))) <= 1, `${level(i)} became ${value}`);
        });
        assert.ok(
          other.every((value) => value === 77),
          'the other frame is not touched',
        );
      },
    ),
  );
});

test('black, white and grey come out exact', { timeout }, () => {
  const memory = createFrameMemory(16, 16);
  const [frame] = memory.buffers;
  frame.fill(128);
  frame.set([16, 235], 0);
  memory.toJpegColours(frame, USUAL_COLOURS);
  assert.deepEqual([...frame.subarray(0, 2)], [0, 255]);
  assert.deepEqual(new Set(frame.subarray(256)), new Set([128]));
});

/** RGB (0-1) to YUV and back by the definitions, with nothing of the product's. */
const WEIGHTS = { bt601: [0.299, 0.587, 0.114], bt709: [0.2126, 0.7152, 0.0722] } as const;
function toYuv(rgb: readonly number[], matrix: 'bt601' | 'bt709', isFull: boolean): number[] {
  const [kr, kg, kb] = WEIGHTS[matrix];
  const [r = 0, g = 0, b = 0] = rgb;
  const y = kr * r + kg * g + kb * b;
  const [cb, cr] = [(b - y) / (2 - 2 * kb), (r - y) / (2 - 2 * kr)];
  return isFull ? [255 * y, 255 * cb + 128, 255 * cr + 128] : [219 * y + 16, 224 * cb + 128, 224 * cr + 128];
}

for (const isFull of [false, true]) {
  test(
    `every colour of a ${isFull ? 'full' : 'limited'}-range BT.709 source is that colour in the JPEG, for any size`,
    { timeout },
    () => {
      const part = fc.double({ min: 0, max: 1, noNaN: true });
      fc.assert(
        fc.property(
          even(16, 70),
          even(16, 40),
          fc.array(fc.tuple(part, part, part), { minLength: 1 }),
          (width, height, colours) => {
            const memory = createFrameMemory(width, height);
            const [, frame] = memory.buffers;
            const half = width / 2;
            const planes = [0, width * height, width * height + (half * height) / 2] as const;
            // Each block of 2 x 2 has a colour of its own.
            const blocks = Array.from(
              { length: half * (height / 2) },
              (_, i) => colours[i % colours.length] ?? [0, 0, 0],
            );
            const samples = (i: number): number[] => {
              const corner = 2 * (Math.floor(i / half) * width + (i % half));
              return [corner, corner + 1, corner + width, corner + width + 1];
            };
            blocks.forEach((rgb, i) => {
              const [y = 0, cb = 0, cr = 0] = toYuv(rgb, 'bt709', isFull).map((level) =>
                Math.min(255, Math.round(level)),
              );
              for (const at of samples(i)) frame[at] = y;
              frame[planes[1] + i] = cb;
              frame[planes[2] + i] = cr;
            });
            memory.toJpegColours(frame, { isFull, matrix: 'bt709' });
            blocks.forEach((rgb, i) => {
              const wanted = toYuv(rgb, 'bt601', true);
              const got = [frame[planes[1] + i] ?? 0, frame[planes[2] + i] ?? 0];
              // The source's own rounding is worth a level and a bit after the stretch.
              for (const at of samples(i)) assertLevel(frame[at] ?? 0, wanted[0] ?? 0, `luma of block ${i}`);
              got.forEach((value, plane) => {
                assertLevel(value, wanted[plane + 1] ?? 0, `chroma ${plane} of block ${i}`);
              });
            });
          },
        ),
      );
    },
  );
}

function assertLevel(got: number, wanted: number, what: string): void {
  assert.ok(Math.abs(got - Math.min(255, wanted)) <= 1.7, `${what}: ${got} instead of ${wanted}`);
}

test('only the frame that is converted is touched', { timeout }, () => {
  const memory = createFrameMemory(34, 18);
  const [frame, other] = memory.buffers;
  frame.fill(200);
  other.fill(77);
  memory.toJpegColours(frame, { isFull: false, matrix: 'bt709' });
  assert.ok(other.every((value) => value === 77));
  frame.fill(77);
  memory.toJpegColours(other, { isFull: true, matrix: 'bt709' });
  assert.ok(frame.every((value) => value === 77));
});

const RAW = 'rawvideo (I420 / 0x30323449)';
const H264 = 'h264 (Main)';
/** What builds say of the input's and the output's format, and how frames are meant then. */
const WORDS = [
  // 4.1-dev
  [`${H264}, yuv420p(progressive), 640x360`, `${RAW}, yuv420p, 640x360 [SAR 1:1 DAR 16:9]`, false, 'bt601'],
  [`${H264}, yuvj420p(pc), 640x360`, `${RAW}, yuvj420p, 640x360 [SAR 1:1 DAR 16:9]`, true, 'bt601'],
  [`${H264}, yuv420p(tv, bt709, progressive), 640x360`, `${RAW}, yuv420p, 640x360`, false, 'bt709'],
  [`${H264}, yuvj420p(pc, bt709, progressive), 640x360`, `${RAW}, yuvj420p, 640x360`, true, 'bt709'],
  [`${H264}, yuv420p(tv, bt709/unknown/unknown), 640x360`, `${RAW}, yuv420p, 640x360`, false, 'bt709'],
  [`${H264}, yuv420p(tv, unknown/bt709/bt709), 640x360`, `${RAW}, yuv420p, 640x360`, false, 'bt601'],
  ['hevc (Main) (hev1 / 0x1), yuv420p(bt709), 640x360', `${RAW}, yuv420p, 640x360`, false, 'bt709'],
  [
    'mjpeg (Baseline), yuvj422p(pc, bt470bg/unknown/unknown), 64x36',
    `${RAW}, yuvj420p, 640x360`,
    true,
    'bt601',
  ],
  // A camera whose SDP tells nothing: the input's line has no format.
  [`${H264}, none, 25 tbr`, `${RAW}, yuv420p, 640x360`, false, 'bt601'],
  // 5.1, 7.1
  [`${H264}, none, 25 tbr`, `${RAW}, yuv420p(tv, bt709, progressive), 640x360`, false, 'bt709'],
  [`${H264}, yuv420p(progressive), 640x360`, `${RAW}, yuv420p(progressive), 640x360`, false, 'bt601'],
  [`${H264}, yuvj420p(pc, progressive), 1x1`, `${RAW}, yuvj420p(pc, progressive), 640x360`, true, 'bt601'],
  [
    `${H264}, yuv420p(pc, bt709, progressive), 1x1`,
    `${RAW}, yuv420p(pc, bt709, progressive), 640x360`,
    true,
    'bt709',
  ],
] as const;

for (const [input, output, isFull, matrix] of WORDS) {
  test(
    `takes "${input}" and "${output}" for ${isFull ? 'full' : 'limited'} range, ${matrix}, however it is cut`,
    { timeout },
    () => {
      const text =
        `[info] Input #0, rtsp\n[info]     title : bt709\n[info]   Stream #0:0: Video: ${input}\n` +
        `[info] Output #0\n[info]     Stream #0:0: Video: ${output}\n`;
      fc.assert(
        fc.property(fc.integer({ min: 1, max: 40 }), (step) => {
          const reader = new SourceColoursReader();
          for (let at = 0; at < text.length; at += step) reader.push(text.slice(at, at + step));
          assert.deepEqual(reader.colours, { isFull, matrix });
        }),
      );
    },
  );
}

test('without a word on the output the colours are the usual ones, and no text piles up', { timeout }, () => {
  const reader = new SourceColoursReader();
  for (let i = 0; i < 5000; i++) reader.push('[warning] something else that goes on for a while\n');
  assert.deepEqual(reader.colours, USUAL_COLOURS);
});
