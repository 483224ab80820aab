import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { createFrameMemory } from '../../workers/frame-memory.js';
import type { VideoFormat } from '../../src/video/video-format.js';
import { sourceColours, USUAL_COLOURS } from '../../workers/source-colours.js';
import { formatOf } from '../support/access-units.js';

const timeout = 30_000;
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
const WEIGHTS = {
  bt601: [0.299, 0.587, 0.114],
  bt709: [0.2126, 0.7152, 0.0722],
  bt2020: [0.2627, 0.678, 0.0593],
} as const;
function toYuv(rgb: readonly number[], matrix: keyof typeof WEIGHTS, isFull: boolean): number[] {
  const [kr, kg, kb] = WEIGHTS[matrix];
  const [r = 0, g = 0, b = 0] = rgb;
  const y = kr * r + kg * g + kb * b;
  const [cb, cr] = [(b - y) / (2 - 2 * kb), (r - y) / (2 - 2 * kr)];
  return isFull ? [255 * y, 255 * cb + 128, 255 * cr + 128] : [219 * y + 16, 224 * cb + 128, 224 * cr + 128];
}

for (const isFull of [false, true])
  for (const matrix of ['bt709', 'bt2020'] as const) {
    test(
      `every colour of a ${isFull ? 'full' : 'limited'}-range ${matrix} source is that colour in the JPEG, for any size`,
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
                const [y = 0, cb = 0, cr = 0] = toYuv(rgb, matrix, isFull).map((level) =>
                  Math.min(255, Math.round(level)),
                );
                for (const at of samples(i)) frame[at] = y;
                frame[planes[1] + i] = cb;
                frame[planes[2] + i] = cr;
              });
              memory.toJpegColours(frame, { isFull, matrix });
              blocks.forEach((rgb, i) => {
                const wanted = toYuv(rgb, 'bt601', true);
                const got = [frame[planes[1] + i] ?? 0, frame[planes[2] + i] ?? 0];
                // The source's own rounding is worth a level and a bit after the stretch.
                for (const at of samples(i))
                  assertLevel(frame[at] ?? 0, wanted[0] ?? 0, `luma of block ${i}`);
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

test(
  'a format says how its samples are meant; one that names no matrix is taken for BT.601',
  { timeout },
  () => {
    const of = (more: Partial<VideoFormat>) => sourceColours(formatOf('h264', more));
    assert.deepEqual(of({}), USUAL_COLOURS);
    assert.deepEqual(of({ fullRange: true, matrix: 'bt709' }), { isFull: true, matrix: 'bt709' });
    assert.deepEqual(of({ matrix: 'bt2020' }), { isFull: false, matrix: 'bt2020' });
    assert.deepEqual(of({ matrix: 'other' }), USUAL_COLOURS);
    assert.deepEqual(of({ matrix: 'rgb', fullRange: true }), USUAL_COLOURS, 'the scaler made it so');
  },
);
