import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { delimiterOf, findStartCode, nalUnits } from '../../src/video/annex-b.js';
import { BitReader } from '../../src/video/bit-reader.js';
import { parseH264Sps } from '../../src/video/h264-sps.js';
import { parseH265Sps } from '../../src/video/h265-sps.js';
import { jpegFormat } from '../../src/video/jpeg.js';
import { mpeg4Format } from '../../src/video/mpeg4-vol.js';
import { recoveryPoint } from '../../src/video/sei.js';
import { FormatError, MAX_DIMENSION } from '../../src/video/video-format.js';
import { BitWriter, escaped } from './bit-writer.js';
import { cpuMs } from '../support/cpu-time.js';

const faultOf = (read: () => unknown): string => {
  try {
    read();
    return 'none';
  } catch (error) {
    assert.ok(error instanceof FormatError, String(error));
    return error.fault;
  }
};

/** An H.264 baseline SPS of that many macroblocks, with all cropping values. */
function sps(columns: number, rows: number, crop: readonly number[] = []): Uint8Array {
  const bits = new BitWriter().bits(66, 8).bits(0, 8).bits(30, 8);
  bits.golomb(0).golomb(0).golomb(0).golomb(0).golomb(1).bits(0, 1);
  bits
    .golomb(columns - 1)
    .golomb(rows - 1)
    .bits(1, 1)
    .bits(1, 1);
  bits.bits(crop.length > 0 ? 1 : 0, 1);
  for (const value of crop) bits.golomb(value);
  return escaped([0x67], bits.bits(0, 1).end());
}

describe('bounds of formats', () => {
  test('an SPS of 16384 samples is read, one of more is too large', { timeout: 30_000 }, () => {
    assert.equal(parseH264Sps(sps(MAX_DIMENSION / 16, 1)).width, MAX_DIMENSION);
    assert.equal(
      faultOf(() => parseH264Sps(sps(MAX_DIMENSION / 16 + 1, 1))),
      'too_large',
    );
    assert.equal(
      faultOf(() => parseH264Sps(sps(1, 2 ** 28))),
      'too_large',
    );
  });

  test('cropping that leaves nothing of the picture is invalid', { timeout: 30_000 }, () => {
    assert.deepEqual(
      [parseH264Sps(sps(2, 2, [1, 2, 0, 3])).width, parseH264Sps(sps(2, 2, [1, 2, 0, 3])).height],
      [26, 26],
    );
    assert.equal(
      faultOf(() => parseH264Sps(sps(2, 2, [8, 8, 0, 0]))),
      'invalid',
    );
    assert.equal(
      faultOf(() => parseH264Sps(sps(2, 2, [2 ** 31, 2 ** 31, 0, 0]))),
      'invalid',
    );
  });

  test('an SPS that is cut off anywhere is truncated', { timeout: 30_000 }, () => {
    const whole = sps(40, 23, [0, 0, 0, 4]);
    for (let length = 0; length < whole.length - 1; length += 1) {
      assert.equal(
        faultOf(() => parseH264Sps(whole.subarray(0, length))),
        'truncated',
        `of ${length} bytes`,
      );
    }
  });

  test('a JPEG without a size is invalid', { timeout: 30_000 }, () => {
    const frame = (height: number): Uint8Array =>
      Uint8Array.of(0xff, 0xd8, 0xff, 0xc0, 0, 11, 8, 0, height, 0, 8, 1, 1, 0x11, 0);
    assert.equal(jpegFormat(frame(8)).chroma, '4:0:0');
    assert.equal(
      faultOf(() => jpegFormat(frame(0))),
      'invalid',
    );
    assert.equal(
      faultOf(() => jpegFormat(frame(8).subarray(0, 12))),
      'truncated',
    );
  });
});

describe('random bytes as headers', () => {
  const parsers: Readonly<Record<string, (bytes: Uint8Array<ArrayBuffer>) => unknown>> = {
    'H.264 SPS': (bytes) => parseH264Sps(bytes),
    'H.265 SPS': (bytes) => parseH265Sps(bytes),
    'JPEG headers': jpegFormat,
    'MPEG-4 headers': mpeg4Format,
  };
  /** Some start like the real thing, so that more than the first field is reached. */
  const heads = [[], [0x67, 100, 0, 30], [0x42, 1, 1, 1, 0x60], [0xff, 0xd8, 0xff, 0xc0, 0], [0, 0, 1, 0x20]];
  for (const [what, parse] of Object.entries(parsers)) {
    test(`${what} are read, or refused with a FormatError`, { timeout: 30_000 }, () => {
      fc.assert(
        fc.property(fc.constantFrom(...heads), fc.uint8Array({ maxLength: 300 }), (head, tail) => {
          const began = cpuMs();
          faultOf(() => parse(new Uint8Array([...head, ...tail])));
          assert.ok(cpuMs() - began < 200, 'took too long');
        }),
        { numRuns: 3_000 },
      );
    });
  }

  test('SEI messages are read within their bytes', { timeout: 30_000 }, () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 100 }), (bytes) => {
        assert.ok(recoveryPoint(bytes, 1, bytes.length, 'h264') >= -1);
      }),
      { numRuns: 2_000 },
    );
  });
});

describe('bits', () => {
  test('what was written is read again, emulation prevention or not', { timeout: 30_000 }, () => {
    const field = fc.record({ golomb: fc.boolean(), value: fc.integer({ min: 0, max: 0xffff }) });
    fc.assert(
      fc.property(fc.array(field, { maxLength: 60 }), fc.boolean(), (fields, escape) => {
        const writer = new BitWriter();
        for (const { golomb, value } of fields)
          if (golomb) writer.golomb(value);
          else writer.bits(value, 16);
        const plain = writer.end();
        const bytes = escape ? escaped([], plain) : plain;
        const reader = new BitReader().reset(bytes, 0, bytes.length, escape);
        for (const { golomb, value } of fields) {
          assert.equal(golomb ? reader.unsignedGolomb() : reader.bits(16), value);
        }
        assert.equal(reader.ranOut(), false);
      }),
      { numRuns: 500 },
    );
  });

  test('se(v) alternates in sign', { timeout: 30_000 }, () => {
    const bytes = new BitWriter().golomb(0).golomb(1).golomb(2).golomb(3).golomb(4).end();
    const reader = new BitReader().reset(bytes, 0, bytes.length, false);
    assert.deepEqual(
      [0, 1, 2, 3, 4].map(() => reader.signedGolomb()),
      [0, 1, -1, 2, -2],
    );
  });

  test('beyond the end there are zeros, and it is told', { timeout: 30_000 }, () => {
    const reader = new BitReader().reset(Uint8Array.of(0xff), 0, 1, true);
    assert.equal(reader.bits(12), 0xff0);
    assert.equal(reader.ranOut(), true);
    assert.equal(new BitReader().reset(new Uint8Array(9), 0, 9, false).unsignedGolomb(), 0);
  });
});

describe('recovery points', () => {
  test('are found behind other messages', { timeout: 30_000 }, () => {
    const other = [5, 3, 1, 2, 3];
    const point = new BitWriter().golomb(25).bits(0b1000, 4).end();
    const sei = Uint8Array.from([6, ...other, 6, point.length, ...point, 0x80]);
    assert.equal(recoveryPoint(sei, 1, sei.length, 'h264'), 25);
    assert.equal(recoveryPoint(Uint8Array.from([6, ...other, 0x80]), 1, 7, 'h264'), -1);
  });

  test('of a negative picture order count are right at once', { timeout: 30_000 }, () => {
    const point = new BitWriter().golomb(6).bits(0b1000, 4).end();
    const sei = Uint8Array.from([0x4e, 1, 6, point.length, ...point, 0x80]);
    assert.equal(recoveryPoint(sei, 2, sei.length, 'h265'), 0);
  });
});

describe('Annex B', () => {
  test('NAL units come without start codes and the zeros around them', { timeout: 30_000 }, () => {
    const stream = Uint8Array.from([
      9, 0, 0, 0, 1, 0x67, 0, 1, 0, 0, 1, 0x68, 7, 0, 0, 0, 0, 1, 0, 0, 1, 0x65, 3, 0, 0,
    ]);
    assert.deepEqual(
      [...nalUnits(stream)].map((nal) => [...nal]),
      [
        [0x67, 0, 1],
        [0x68, 7],
        [0x65, 3],
      ],
    );
    assert.equal(findStartCode(Uint8Array.of(0, 0), 0), -1);
  });

  test('each codec with NAL units has a delimiter', { timeout: 30_000 }, () => {
    assert.deepEqual([...delimiterOf('h264')], [0, 0, 0, 1, 0x09, 0xf0]);
    assert.deepEqual([...delimiterOf('h265')], [0, 0, 0, 1, 0x46, 0x01, 0x50]);
    assert.equal(delimiterOf('jpeg').length + delimiterOf('mpeg4').length, 0);
  });
});
