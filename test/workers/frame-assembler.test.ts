import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { FrameAssembler } from '../../workers/frame-assembler.js';

const assemblerOf = (frameBytes: number): FrameAssembler =>
  new FrameAssembler([new Uint8Array(frameBytes), new Uint8Array(frameBytes)]);

const timeout = 30_000;

/** `count` frames of `size` bytes, each filled with its own number. */
const streamOf = (count: number, size: number): Uint8Array =>
  new Uint8Array(count * size).map((_, at) => 1 + (Math.floor(at / size) % 255));

test('however the stream is cut, the same frames come out, whole and in order', { timeout }, () => {
  const cuts = fc.array(fc.integer({ min: 1, max: 40 }), { minLength: 1, maxLength: 50 });
  fc.assert(
    fc.property(
      fc.integer({ min: 1, max: 30 }),
      fc.integer({ min: 0, max: 20 }),
      cuts,
      fc.boolean(),
      (size, count, lengths, direct) => {
        const bytes = streamOf(count, size);
        const assembler = assemblerOf(size);
        const frames: number[][] = [];
        for (let at = 0, i = 0; at < bytes.length; i++) {
          const length = lengths[i % lengths.length] ?? 1;
          if (direct) {
            const space = assembler.space();
            const part = bytes.subarray(at, at + Math.min(space.length, length));
            space.set(part);
            const frame = assembler.filled(part.length);
            if (frame) frames.push([...frame]);
            at += part.length;
          } else {
            assembler.push(bytes.subarray(at, at + length), (frame) => frames.push([...frame]));
            at += length;
          }
        }
        assert.deepEqual(
          frames,
          Array.from({ length: count }, (_, i) => Array.from({ length: size }, () => i + 1)),
        );
        assert.equal(assembler.partialBytes, 0);
      },
    ),
  );
});

test('a frame stays as it is until the next one is whole', { timeout }, () => {
  const assembler = assemblerOf(4);
  const held: Uint8Array[] = [];
  assembler.push(Uint8Array.of(1, 1, 1, 1, 2, 2, 2), (frame) => held.push(frame));
  assert.deepEqual([...(held[0] ?? [])], [1, 1, 1, 1]);
  assert.equal(assembler.partialBytes, 3);
  assembler.push(Uint8Array.of(2), (frame) => held.push(frame));
  assert.deepEqual([...(held[1] ?? [])], [2, 2, 2, 2]);
  assert.deepEqual([...(held[0] ?? [])], [1, 1, 1, 1]);
});

test('there is always space, and never past the frame', { timeout }, () => {
  const assembler = assemblerOf(3);
  for (let i = 0; i < 10; i++) {
    assert.equal(assembler.space().length, 3 - (i % 3));
    assembler.filled(1);
  }
  assert.throws(() => assembler.filled(3), RangeError);
  assert.throws(() => assembler.filled(-1), RangeError);
  assert.throws(() => assemblerOf(0), RangeError);
  assert.throws(() => new FrameAssembler([new Uint8Array(3), new Uint8Array(4)]), RangeError);
});
