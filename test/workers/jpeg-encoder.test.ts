import assert from 'node:assert/strict';
import { createRequire } from 'node:module';
import { test } from 'node:test';
import type * as JpegTurbo from 'jpeg-turbo';
import { createEncoder, preferredPixels } from '../../workers/jpeg-encoder.js';

const timeout = 30_000;
const jpegTurbo = createRequire(import.meta.url)('jpeg-turbo') as typeof JpegTurbo;
const WIDTH = 64;
const HEIGHT = 48;

interface Colour {
  readonly name: string;
  readonly rgb: readonly [number, number, number];
}
const COLOURS: readonly Colour[] = [
  { name: 'black', rgb: [0, 0, 0] },
  { name: 'white', rgb: [255, 255, 255] },
  { name: 'red', rgb: [255, 0, 0] },
  { name: 'green', rgb: [0, 255, 0] },
  { name: 'blue', rgb: [0, 0, 255] },
  { name: 'grey', rgb: [128, 128, 128] },
];

const rgbFrame = (rgb: readonly number[]): Uint8Array =>
  new Uint8Array(WIDTH * HEIGHT * 3).map((_, at) => rgb[at % 3] ?? 0);

/** One colour in planar 4:2:0, full range, by the equations of JFIF. */
function yuvFrame([r, g, b]: readonly [number, number, number]): Uint8Array {
  const frame = new Uint8Array((WIDTH * HEIGHT * 3) / 2);
  const luma = WIDTH * HEIGHT;
  frame.fill(0.299 * r + 0.587 * g + 0.114 * b + 0.5, 0, luma);
  frame.fill(Math.min(255, 128.5 - 0.168736 * r - 0.331264 * g + 0.5 * b), luma, luma * 1.25);
  frame.fill(Math.min(255, 128.5 + 0.5 * r - 0.418688 * g - 0.081312 * b), luma * 1.25);
  return frame;
}

function decode(jpeg: ArrayBuffer): { width: number; height: number; data: Buffer } {
  const { width, height, data } = jpegTurbo.decompressSync(Buffer.from(jpeg), {
    format: jpegTurbo.FORMAT_RGB,
  });
  return { width, height, data };
}

for (const { name, rgb } of COLOURS) {
  test(`${name} comes out as ${name} from YUV planes, as from RGB`, { timeout }, (t) => {
    const yuv = createEncoder('yuv420p', WIDTH, HEIGHT);
    t.after(() => {
      yuv.close();
    });
    const fromYuv = decode(yuv.encode(yuvFrame(rgb), 80));
    const fromRgb = decode(createEncoder('rgb24', WIDTH, HEIGHT).encode(rgbFrame(rgb), 80));
    for (const picture of [fromYuv, fromRgb]) {
      assert.deepEqual([picture.width, picture.height], [WIDTH, HEIGHT]);
      for (const at of [0, picture.data.length / 2, picture.data.length - 3]) {
        rgb.forEach((level, i) => {
          assert.ok(
            Math.abs((picture.data[at + i] ?? -99) - level) <= 4,
            `${name}: ${picture.data.subarray(at, at + 3).join()}`,
          );
        });
      }
    }
  });
}

test('each JPEG is the caller’s own and just as long as it says', { timeout }, (t) => {
  const encoder = createEncoder('yuv420p', WIDTH, HEIGHT);
  t.after(() => {
    encoder.close();
  });
  const first = encoder.encode(yuvFrame([255, 0, 0]), 50);
  const copy = first.slice(0);
  encoder.encode(yuvFrame([0, 0, 255]), 90);
  assert.deepEqual(first, copy);
  const bytes = new Uint8Array(first);
  assert.deepEqual([...bytes.slice(0, 2), ...bytes.slice(-2)], [0xff, 0xd8, 0xff, 0xd9]);
});

test('a higher quality gives more bytes, and quality can change from frame to frame', { timeout }, (t) => {
  const encoder = createEncoder('yuv420p', WIDTH, HEIGHT);
  t.after(() => {
    encoder.close();
  });
  const noise = new Uint8Array((WIDTH * HEIGHT * 3) / 2).map((_, i) => (i * 7919) % 251);
  const sizes = [10, 50, 95, 50].map((quality) => encoder.encode(noise, quality).byteLength);
  assert.ok((sizes[0] ?? 0) < (sizes[1] ?? 0) && (sizes[1] ?? 0) < (sizes[2] ?? 0));
  assert.equal(sizes[1], sizes[3]);
});

test('a frame of the wrong size is refused, and the next one is encoded', { timeout }, (t) => {
  for (const pixels of ['yuv420p', 'rgb24'] as const) {
    const encoder = createEncoder(pixels, WIDTH, HEIGHT);
    t.after(() => {
      encoder.close();
    });
    const frame = pixels === 'rgb24' ? rgbFrame([1, 2, 3]) : yuvFrame([1, 2, 3]);
    assert.throws(() => encoder.encode(frame.subarray(1), 50));
    assert.throws(() => encoder.encode(new Uint8Array(frame.length + 1), 50));
    assert.ok(encoder.encode(frame, 50).byteLength > 100);
  }
});

test('this machine encodes from YUV planes', { timeout }, () => {
  assert.equal(preferredPixels(), 'yuv420p');
});
