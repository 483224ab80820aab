import assert from 'node:assert/strict';
import bundled from '@ffmpeg-installer/ffmpeg';
import { execFileSync } from 'node:child_process';
import test from 'node:test';
import jpegTurbo from 'jpeg-turbo';
import {
  blocksOf,
  FRAME_NUMBER_LIMIT,
  frameNumberFilter,
  frameNumberOfJpeg,
  numberOfBlocks,
  readFrameNumber,
  unwrap,
} from '../../bench/lib/frame-number.js';

function raw(source: string, filters: string[], frames: number, pixels: string): Buffer {
  const args = ['-nostdin', '-loglevel', 'error', '-f', 'lavfi', '-i', source, '-vf', filters.join(',')];
  const output = ['-frames:v', String(frames), '-pix_fmt', pixels, '-f', 'rawvideo', '-'];
  return execFileSync(bundled.path, [...args, ...output], { maxBuffer: 2 ** 30 });
}

test('every number that FFmpeg draws is read back', { timeout: 30_000 }, () => {
  const [width, height] = [128, 72];
  const source = `color=color=gray:size=${width}x${height}:rate=25`;
  const pictures = raw(
    source,
    ['format=yuv420p', frameNumberFilter(width, height)],
    FRAME_NUMBER_LIMIT,
    'gray',
  );
  const bytes = width * height;
  for (let i = 0; i < FRAME_NUMBER_LIMIT; i++) {
    assert.equal(readFrameNumber(pictures.subarray(i * bytes, (i + 1) * bytes), width, height), i);
  }
});

for (const [from, to] of [
  ['1920x1080', '320x180'],
  ['640x480', '320x240'],
  ['640x360', '1280x720'],
] as const) {
  test(`numbers survive scaling from ${from} to ${to} and JPEG of quality 30`, { timeout: 30_000 }, () => {
    const [w = 0, h = 0] = from.split('x').map(Number);
    const [width = 0, height = 0] = to.split('x').map(Number);
    const filters = ['format=yuv420p', frameNumberFilter(w, h), `scale=${width}:${height}`];
    const pictures = raw(`testsrc2=size=${from}:rate=25`, filters, 20, 'rgb24');
    const bytes = width * height * 3;
    for (let i = 0; i < 20; i++) {
      const picture = pictures.subarray(i * bytes, (i + 1) * bytes);
      const options = {
        format: jpegTurbo.FORMAT_RGB,
        width,
        height,
        quality: 30,
        subsampling: jpegTurbo.SAMP_420,
      };
      assert.equal(frameNumberOfJpeg(jpegTurbo.compressSync(picture, options)), i);
    }
  });
}

test('up to three flipped blocks are always noticed', { timeout: 30_000 }, () => {
  for (const value of [0, 1, 511, 1365, 4095]) {
    const blocks = blocksOf(value);
    assert.equal(numberOfBlocks(blocks), value);
    const flipped = (...which: number[]): boolean[] => blocks.map((white, i) => white !== which.includes(i));
    for (let a = 0; a < blocks.length; a++) {
      assert.equal(numberOfBlocks(flipped(a)), null);
      for (let b = a + 1; b < blocks.length; b++) {
        assert.equal(numberOfBlocks(flipped(a, b)), null);
        for (let c = b + 1; c < blocks.length; c++) assert.equal(numberOfBlocks(flipped(a, b, c)), null);
      }
    }
  }
});

test(
  'a picture without a number, a blend of two and a damaged JPEG read as null',
  { timeout: 30_000 },
  () => {
    const [width, height] = [320, 180];
    const bytes = width * height;
    const plain = raw(`testsrc2=size=${width}x${height}:rate=25`, ['format=yuv420p'], 1, 'gray');
    assert.equal(readFrameNumber(plain, width, height), null);
    for (const level of [0, 16, 128, 235, 255]) {
      assert.equal(readFrameNumber(new Uint8Array(bytes).fill(level), width, height), null);
    }
    const drawn = raw(
      `testsrc2=size=${width}x${height}:rate=25`,
      ['format=yuv420p', frameNumberFilter(width, height)],
      2,
      'gray',
    );
    const blend = drawn.subarray(0, bytes).map((luma, i) => (luma + (drawn[bytes + i] ?? 0)) / 2);
    assert.equal(readFrameNumber(blend, width, height), null);
    assert.equal(readFrameNumber(drawn.subarray(0, 100), width, height), null, 'too few bytes');
    assert.equal(readFrameNumber(drawn, 64, 36), null, 'too small to be trusted');
    assert.equal(frameNumberOfJpeg(new Uint8Array([0xff, 0xd8, 1, 2, 3])), null);
  },
);

test('a number is unwrapped to the count that is nearest to the one before', { timeout: 30_000 }, () => {
  assert.equal(unwrap(3, 0, 500), 3);
  assert.equal(unwrap(499, 0, 500), -1);
  assert.equal(unwrap(0, 499, 500), 500);
  assert.equal(unwrap(7, 1500, 500), 1507);
  assert.equal(unwrap(498, 1500, 500), 1498);
  assert.equal(unwrap(20, 1020, 500), 1020);
});
