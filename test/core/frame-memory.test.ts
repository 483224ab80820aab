import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { createFrameMemory } from '../../workers/frame-memory.js';
import { SourceRange } from '../../workers/source-range.js';

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
        memory.stretch(frame);
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
  memory.stretch(frame);
  assert.deepEqual([...frame.subarray(0, 2)], [0, 255]);
  assert.deepEqual(new Set(frame.subarray(256)), new Set([128]));
});

const RANGES = [
  // 4.1-dev, 5.1, 7.1 say it so.
  ['    Stream #0:0: Video: rawvideo (I420 / 0x30323449), yuv420p, 640x360 [SAR 1:1 DAR 16:9]', false],
  ['    Stream #0:0: Video: rawvideo (I420 / 0x30323449), yuvj420p, 640x360 [SAR 1:1 DAR 16:9]', true],
  ['  Stream #0:0: Video: rawvideo (I420 / 0x30323449), yuv420p(progressive), 640x360', false],
  ['  Stream #0:0: Video: rawvideo (I420 / 0x30323449), yuv420p(tv, bt709, progressive), 640x360', false],
  ['  Stream #0:0: Video: rawvideo (I420 / 0x30323449), yuvj420p(pc, progressive), 640x360', true],
  ['  Stream #0:0: Video: rawvideo (I420 / 0x30323449), yuv420p(pc, bt709, progressive), 640x360', true],
] as const;

for (const [line, full] of RANGES) {
  test(
    `takes "${line.trim().slice(0, 70)}" for ${full ? 'full' : 'limited'} range, however it is cut`,
    { timeout },
    () => {
      const text = `[info] Input #0, rtsp\n[info]   Stream #0:0: Video: h264, yuvj420p(pc), 1x1\n[info] ${line}\n`;
      fc.assert(
        fc.property(fc.integer({ min: 1, max: 40 }), (step) => {
          const range = new SourceRange();
          for (let at = 0; at < text.length; at += step) range.push(text.slice(at, at + step));
          assert.equal(range.isFull, full);
        }),
      );
    },
  );
}

test('without a word on the output the range is taken for limited, and no text piles up', { timeout }, () => {
  const range = new SourceRange();
  for (let i = 0; i < 5000; i++) range.push('[warning] something else that goes on for a while\n');
  assert.equal(range.isFull, false);
});
