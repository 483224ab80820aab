import assert from 'node:assert/strict';
import { test } from 'node:test';
import { spawnCameras } from '../../bench/virtual-camera/index.js';
import { findFfmpeg } from '../../src/decoding/ffmpeg-build.js';
import { VideoDecoder } from '../../workers/video-decoder.js';
import { encodeUnits } from '../support/access-units.js';
import { createEncoder } from '../../workers/jpeg-encoder.js';
import { service, watch } from '../support/rig.js';
import { FFMPEGS } from '../support/ffmpegs.js';
import { decodeJpeg, pixel, type Rgb } from '../support/pictures.js';

/** The colours that a camera saw are those of its JPEGs, whatever matrix it sends them in. */

const timeout = 60_000;
const SIZE = { width: 640, height: 360 };
/** FFmpeg's `rgbtestsrc`: three bands, each a ramp from black at the left; 240 of 256 at this column of 640. */
const COLUMN = 600;
const BANDS: readonly (readonly [y: number, rgb: Rgb, name: string])[] = [
  [75, [240, 0, 0], 'red'],
  [180, [0, 240, 0], 'green'],
  [290, [0, 0, 240], 'blue'],
];
/** Of 255. One matrix taken for the other is 30 off. */
const TOLERANCE = 4;

function assertBands(jpeg: Buffer): void {
  const picture = decodeJpeg(jpeg);
  for (const [y, wanted, name] of BANDS) {
    const seen = pixel(picture, COLUMN, y);
    const worst = Math.max(...seen.map((level, i) => Math.abs(level - (wanted[i] ?? 0))));
    assert.ok(worst <= TOLERANCE, `${name} became ${seen.join(' ')}`);
  }
}

for (const ffmpeg of FFMPEGS) {
  for (const matrix of [null, 'bt601', 'bt709', 'bt2020'] as const) {
    const camera = matrix === null ? 'that names no matrix' : `in ${matrix}`;
    test(`a camera ${camera} keeps its colours, with ${ffmpeg.name}`, { timeout }, async (t) => {
      const cameras = await spawnCameras({ pattern: 'rgbtestsrc', matrix });
      t.after(() => cameras.stop());
      const server = await service(t, { FFMPEG_PATH: ffmpeg.path });
      const viewer = watch(t, server, 'cam1', cameras.url(0));
      await viewer.more(3, 30_000);
      // The very first as well.
      for (const { jpeg } of viewer.frames) assertBands(Buffer.from(jpeg));
    });
  }

  test(`so it does where only RGB can be encoded, with ${ffmpeg.name}`, { timeout }, async (t) => {
    const units = encodeUnits(t, {
      codec: 'h264',
      source: 'rgbtestsrc=s=640x360:r=5:d=1',
      args: ['-vf', 'scale=out_color_matrix=bt709', '-bf', '0'],
      format: { ...SIZE, matrix: 'bt709' },
    });
    const [first] = units;
    assert.ok(first);
    const encoder = createEncoder('rgb24', SIZE.width, SIZE.height);
    t.after(() => {
      encoder.close();
    });
    const bytes = SIZE.width * SIZE.height * 3;
    const build = await findFfmpeg(ffmpeg.path);
    const jpeg = await new Promise<ArrayBuffer>((resolve, reject) => {
      const decoder = new VideoDecoder(
        { format: first.format, aspect: null, pixels: 'rgb24', sizes: [SIZE], skipLoopFilter: false },
        build,
        [[new Uint8Array(bytes), new Uint8Array(bytes)]],
        {
          frame: (_, frame) => {
            resolve(encoder.encode(frame, 90));
          },
          passed: () => undefined,
        },
      );
      t.after(() => {
        decoder.stop();
        return decoder.ended;
      });
      for (const unit of units) decoder.decode({ unit, ticks: unit.mediaTimeMs });
      void decoder.ended.then((end) => {
        reject(new Error(`FFmpeg ended: ${end.stderr}`));
      });
    });
    assertBands(Buffer.from(jpeg));
  });
}
