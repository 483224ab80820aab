import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { stripJpegMetadata } from '../../src/video/jpeg-strip.js';
import { CHOSEN_FFMPEG } from '../support/ffmpegs.js';
import { encode, run } from './encode.js';

const segment = (code: number, text: string): Buffer => {
  const body = Buffer.from(text, 'latin1');
  return Buffer.concat([Buffer.from([0xff, code, (body.length + 2) >> 8, (body.length + 2) & 255]), body]);
};

const picture = (): Buffer =>
  encode(CHOSEN_FFMPEG.path, {
    options: ['-c:v', 'mjpeg', '-pix_fmt', 'yuvj420p'],
    format: 'mjpeg',
    frames: 1,
  });

const pixels = (file: Uint8Array): Buffer =>
  run(CHOSEN_FFMPEG.path, ['-v', 'error', '-f', 'mjpeg', '-i', 'pipe:0', '-f', 'rawvideo', 'pipe:1'], file);

test('EXIF, comments and what lies behind the end go, the picture stays', { timeout: 60_000 }, () => {
  const file = picture();
  const marked = Buffer.concat([
    file.subarray(0, 2),
    segment(0xe1, 'Exif\0\0secret place'),
    segment(0xfe, 'secret comment'),
    segment(0xe2, 'MPF\0secret'),
    file.subarray(2),
    Buffer.from('secret tail'),
  ]);
  const stripped = stripJpegMetadata(marked);
  assert.ok(stripped !== null);
  assert.ok(!Buffer.from(stripped).includes('secret'));
  assert.ok(!Buffer.from(stripped).includes('Exif'));
  assert.deepEqual(pixels(stripped), pixels(file));
});

test('a file with nothing to take out is handed back as it is', { timeout: 30_000 }, () => {
  const stripped = stripJpegMetadata(picture());
  assert.ok(stripped !== null);
  assert.equal(stripJpegMetadata(stripped), stripped);
});

test('the colour transform of Adobe and the density of JFIF stay', { timeout: 30_000 }, () => {
  const plain = stripJpegMetadata(picture());
  assert.ok(plain !== null);
  const file = Buffer.concat([
    plain.subarray(0, 2),
    segment(0xee, 'Adobe\0\x64\0\0\0\0\x01'),
    plain.subarray(2),
  ]);
  assert.deepEqual(stripJpegMetadata(file), file);
});

test('a file that is cut off, or none at all, is refused', { timeout: 30_000 }, () => {
  const file = picture();
  for (let length = 0; length < file.length - 1; length += 97) {
    assert.equal(stripJpegMetadata(file.subarray(0, length)), null, `of ${length} bytes`);
  }
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
      const stripped = stripJpegMetadata(new Uint8Array([0xff, 0xd8, ...bytes]));
      assert.ok(stripped === null || stripped.length <= bytes.length + 2);
    }),
  );
});
