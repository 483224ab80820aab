import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { describe, test } from 'node:test';
import jpegTurbo from 'jpeg-turbo';
import { quantizationTables } from '../../src/rtp/payloads/jpeg-tables.js';
import { CHOSEN_FFMPEG, FFMPEGS } from '../support/ffmpegs.js';
import { encode } from '../video/encode.js';
import { jpegFiles, jpegParts, packetiseJpeg, type JpegPacketising } from './packetise-jpeg.js';
import { numbered, rtp, STREAM, type PacketFields } from './packetise.js';
import { feed, receive, receiving, timestampOf, track, type Received } from './streams.js';

/** JPEG headers are not in the packets: whatever is written anew must show the same picture. */

const LIMIT = { timeout: 60_000 };

function files(
  options: readonly string[],
  size = '336x240',
  frames = 3,
  ffmpeg = CHOSEN_FFMPEG.path,
): Uint8Array[] {
  const stream = encode(ffmpeg, {
    source: `testsrc2=size=${size}:rate=25`,
    options: ['-c:v', 'mjpeg', '-huffman', 'default', '-q:v', '4', ...options],
    format: 'mjpeg',
    frames,
  });
  return jpegFiles(stream);
}

/** A hash of the decoded picture. */
const pixels = (file: Uint8Array): string =>
  createHash('md5')
    .update(jpegTurbo.decompressSync(Buffer.from(file), { format: jpegTurbo.FORMAT_RGB }).data)
    .digest('hex');

function sent(pictures: readonly Uint8Array[], how: JpegPacketising): PacketFields[] {
  return pictures.flatMap((file, index) => packetiseJpeg(file, timestampOf(index), how));
}

function assertSame({ units, problems }: Received, pictures: readonly Uint8Array[]): void {
  assert.equal(units.length, pictures.length);
  units.forEach(({ data, randomAccess, format }, index) => {
    const picture = pictures[index] ?? new Uint8Array(0);
    assert.equal(pixels(data), pixels(picture), `picture ${index}`);
    assert.deepEqual(jpegParts(data).scan, jpegParts(picture).scan);
    assert.equal(randomAccess, 'key');
    assert.equal(format, units[0]?.format);
  });
  assert.deepEqual(problems, []);
}

for (const ffmpeg of FFMPEGS) {
  describe(`JPEG of ${ffmpeg.name}`, () => {
    for (const [name, options] of [
      ['4:2:0', ['-pix_fmt', 'yuvj420p']],
      [
        '4:2:0 in slices with restart markers',
        ['-pix_fmt', 'yuvj420p', '-threads', '4', '-thread_type', 'slice'],
      ],
    ] as const) {
      test(`${name} shows the same picture, in packets of any size`, LIMIT, () => {
        const pictures = files(options, '336x240', 3, ffmpeg.path);
        assert.equal(
          jpegParts(pictures[0] ?? new Uint8Array(0)).restartInterval > 0,
          name.includes('restart'),
        );
        for (const mtu of [300, 1400, 60_000])
          assertSame(receive({ track: track('jpeg') }, sent(pictures, { mtu })), pictures);
      });
    }
  });
}

describe('JPEG of libjpeg-turbo', () => {
  for (const [name, subsampling] of [
    ['4:2:2', jpegTurbo.SAMP_422],
    ['4:2:0', jpegTurbo.SAMP_420],
  ] as const) {
    test(`${name} shows the same picture, in packets of any size`, LIMIT, () => {
      const raw = Buffer.from(
        Uint8Array.from({ length: 96 * 80 * 4 }, (_, at) => (at * 7 + (at >> 9) * 31) & 255),
      );
      const options = { width: 96, height: 80, format: jpegTurbo.FORMAT_RGBA, subsampling, quality: 80 };
      const pictures = [jpegTurbo.compressSync(raw, options), jpegTurbo.compressSync(raw, options)];
      for (const mtu of [300, 1400]) {
        const received = receive({ track: track('jpeg') }, sent(pictures, { mtu }));
        assertSame(received, pictures);
        assert.equal(received.units[0]?.format.chroma, name);
      }
    });
  }
});

describe('quantization tables', () => {
  test('of a Q under 128 that are not sent once more are remembered', LIMIT, () => {
    const pictures = files([]);
    const packets = pictures.flatMap((file, index) =>
      packetiseJpeg(file, timestampOf(index), { mtu: 1400, q: 200, withTables: index === 0 }),
    );
    assertSame(receive({ track: track('jpeg') }, packets), pictures);
  });

  test('of Q 255 are never remembered', LIMIT, () => {
    const packets = files([]).flatMap((file, index) =>
      packetiseJpeg(file, timestampOf(index), { mtu: 1400, q: 255, withTables: index === 0 }),
    );
    const { units, problems } = receive({ track: track('jpeg') }, packets);
    assert.equal(units.length, 1);
    assert.deepEqual(problems, [{ kind: 'unsupported_packets', what: 'JPEG tables of Q 255' }]);
  });

  test('of Q 1 to 99 are computed as the standard has them', LIMIT, () => {
    // RFC 2435, appendix A: Q of 50 are the tables K.1 and K.2 themselves, Q of 99 nearly all ones.
    assert.deepEqual([...quantizationTables(50).subarray(0, 8)], [16, 11, 12, 14, 12, 10, 16, 14]);
    assert.deepEqual([...quantizationTables(50).subarray(64, 72)], [17, 18, 18, 24, 21, 24, 47, 26]);
    assert.deepEqual([...quantizationTables(25).subarray(0, 4)], [32, 22, 24, 28]);
    assert.deepEqual([...quantizationTables(75).subarray(0, 4)], [8, 6, 6, 7]);
    assert.equal(Math.max(...quantizationTables(1)), 255);
    assert.equal(Math.min(...quantizationTables(99)), 1);
    const [picture = new Uint8Array(0)] = files([]);
    for (const q of [1, 50, 63, 99]) {
      const { units } = receive({ track: track('jpeg') }, sent([picture, picture], { mtu: 1400, q }));
      assert.equal(units.length, 2);
      assert.deepEqual([...jpegParts(units[0]?.data ?? picture).tables], [...quantizationTables(q)]);
    }
  });

  test('of three components are taken as of two', LIMIT, () => {
    const [picture = new Uint8Array(0)] = files([]);
    const { tables } = jpegParts(picture);
    const luma = tables.subarray(0, 64);
    const chroma = tables.length > 64 ? tables.subarray(64, 128) : luma;
    const [first, ...others] = packetiseJpeg(picture, 0, { mtu: 1400, withTables: false });
    assert.ok(first !== undefined);
    const payload = Buffer.concat([
      ...[first.payload.subarray(0, 8), Buffer.from([0, 0, 0, 192]), luma, chroma, chroma],
      first.payload.subarray(12),
    ]);
    assertSame(receive({ track: track('jpeg') }, [{ ...first, payload }, ...others]), [picture]);
  });

  test('of a reserved Q, and types that nobody knows, are told', LIMIT, () => {
    const [picture = new Uint8Array(0)] = files([]);
    const reserved = receive({ track: track('jpeg') }, sent([picture], { mtu: 1400, q: 110 }));
    assert.deepEqual(
      [reserved.units.length, reserved.problems],
      [0, [{ kind: 'unsupported_packets', what: 'JPEG Q 110' }]],
    );
    const packets = sent([picture], { mtu: 1400 }).map((packet) => {
      const payload = Buffer.from(packet.payload);
      payload[4] = 7;
      return { ...packet, payload };
    });
    const strange = receive({ track: track('jpeg') }, packets);
    assert.deepEqual(
      [strange.units.length, strange.problems],
      [0, [{ kind: 'unsupported_packets', what: 'JPEG type 7' }]],
    );
  });
});

describe('more than 2040 pixels', () => {
  const LARGE = '2560x1440';
  const large = files(['-q:v', '20'], LARGE, 2);
  const frameSize = { width: 2560, height: 1440 };

  test('the SDP tells the size where the packets cannot', LIMIT, () => {
    for (const blocks of [
      [0, 0],
      [0, 180],
      [64, 180],
    ] as const) {
      const received = receive({ track: track('jpeg', { frameSize }) }, sent(large, { mtu: 1400, blocks }));
      assertSame(received, large);
      assert.equal(received.units[0]?.format.width, 2560);
    }
  });

  test('an SDP that does not fit the packets is not believed', LIMIT, () => {
    const pictures = files([]);
    assertSame(receive({ track: track('jpeg', { frameSize }) }, sent(pictures, { mtu: 1400 })), pictures);
  });

  test('without any size it is told', LIMIT, () => {
    const { units, problems } = receive({ track: track('jpeg') }, sent(large, { mtu: 1400, blocks: [0, 0] }));
    assert.equal(units.length, 0);
    assert.deepEqual(problems, [
      { kind: 'bad_data', what: 'JPEG of more than 2040 pixels without its size' },
    ]);
  });

  /** The ONVIF header extension, in front of a packet's payload. */
  function extended(packet: Buffer, profile: number, content: Uint8Array): Buffer {
    const padding = Buffer.alloc((4 - (content.length % 4)) % 4, 0xff);
    const words = (content.length + padding.length) / 4;
    const header = Buffer.from([profile >> 8, profile & 255, words >> 8, words & 255]);
    const copy = Buffer.from(packet.subarray(0, 12));
    copy[0] = (copy[0] ?? 0) | 0x10;
    return Buffer.concat([copy, header, padding, content, packet.subarray(12)]);
  }

  test('the ONVIF extension brings headers of its own', LIMIT, () => {
    const received = receiving({ track: track('jpeg') });
    let sequence = 0;
    const packets = large.flatMap((file, index) => {
      const { segments, scanHeader } = jpegParts(file);
      const own = packetiseJpeg(file, timestampOf(index), {
        mtu: 1400,
        q: 0,
        withTables: false,
        blocks: [0, 0],
      });
      return own.map((packet, at) => {
        const bytes = rtp(packet, sequence++);
        return at === 0
          ? extended(bytes, 0xffd8, Buffer.concat([...segments, scanHeader]))
          : extended(bytes, 0xffff, Buffer.alloc(0));
      });
    });
    feed(received, packets);
    assertSame(received, large);
  });

  test('in packets of their own in front of the data, too', LIMIT, () => {
    const [file = new Uint8Array(0)] = large;
    const { segments, scanHeader } = jpegParts(file);
    const own = packetiseJpeg(file, 0, { mtu: 1400, q: 0, withTables: false, blocks: [0, 0] });
    const headerOnly = { payload: (own[0]?.payload ?? file).subarray(0, 8), timestamp: 0, marker: false };
    const half = Math.floor(segments.length / 2);
    const packets = [
      extended(rtp(headerOnly, 0), 0xffd8, Buffer.concat(segments.slice(0, half))),
      extended(
        rtp({ ...headerOnly, payload: Buffer.alloc(0) }, 1),
        0xffff,
        Buffer.concat([...segments.slice(half), scanHeader]),
      ),
      ...own.map((packet, index) => rtp(packet, index + 2)),
    ];
    const received = receiving({ track: track('jpeg') });
    feed(received, packets);
    assertSame(received, [file]);
  });
});

describe('JPEG packets that are missing', () => {
  test('an offset that does not fit costs the picture, even with no gap in the numbers', LIMIT, () => {
    const pictures = files([]);
    const packets = sent(pictures, { mtu: 1400 });
    const second = packets.findIndex(({ timestamp }) => timestamp === timestampOf(1));
    packets.splice(second + 1, 1);
    const received = receive({ track: track('jpeg') }, packets);
    assert.equal(received.units.length, 2);
    assert.equal(received.receiver.statistics.damagedUnits, 1);
    assert.deepEqual(received.problems, []);
  });

  test('a camera that sends the whole file is understood', LIMIT, () => {
    const pictures = files([]);
    const packets = pictures.flatMap((file, index) => {
      const parts: PacketFields[] = [];
      for (let at = 0; at < file.length; at += 1400) {
        const header = Buffer.from([0, 0, at >> 8, at & 255, 1, 50, 42, 30]);
        const payload = Buffer.concat([header, file.subarray(at, at + 1400)]);
        parts.push({ payload, timestamp: timestampOf(index), marker: at + 1400 >= file.length });
      }
      return parts;
    });
    assertSame(receive({ track: track('jpeg') }, packets), pictures);
  });

  test('fields of random bytes never show half a picture', LIMIT, () => {
    const pictures = files([]);
    const whole = numbered(sent(pictures, { mtu: 1400 }), STREAM);
    for (let round = 0; round < 200; round += 1) {
      const damaged = whole.map((packet, index) => {
        const copy = Buffer.from(packet);
        if (index === round % whole.length) copy[12 + (round % 12)] = (round * 37) & 255;
        return copy;
      });
      const received = receiving({ track: track('jpeg') });
      feed(received, damaged);
      assert.ok(received.units.length >= 1 && received.units.length <= 4);
    }
  });
});
