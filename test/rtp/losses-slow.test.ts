import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { nalUnits } from '../../src/video/annex-b.js';
import type { AccessUnit } from '../../src/video/access-unit.js';
import type { VideoCodec } from '../../src/video/video-format.js';
import { CHOSEN_FFMPEG } from '../support/ffmpegs.js';
import { encode } from '../video/encode.js';
import { pictureHashes, written } from './decode.js';
import { jpegFiles, packetiseJpeg } from './packetise-jpeg.js';
import { mpeg4Units, packetiseMpeg4 } from './packetise-mpeg4.js';
import { numbered, type PacketFields } from './packetise.js';
import {
  annexB,
  encodeUnits,
  feed,
  packetise,
  receiving,
  setsOf,
  timestampOf,
  track,
  type Received,
} from './streams.js';

/** What is lost on the way must never show as a torn picture. */

const PICTURES = 36;
const SOURCE = 'testsrc2=size=160x120:rate=25';

interface Case {
  readonly name: string;
  readonly codec: VideoCodec;
  packets(): PacketFields[];
  /** Pictures that one lost packet may cost, at most. */
  readonly mostLost: number;
  readonly parameterSets?: () => Uint8Array[];
}

const ffmpeg = CHOSEN_FFMPEG.path;

function nalCase(name: string, codec: 'h264' | 'h265', options: readonly string[], mostLost = 12): Case {
  const format = codec === 'h264' ? 'h264' : 'hevc';
  const units = encodeUnits(codec, ffmpeg, { source: SOURCE, options, format, frames: PICTURES });
  return {
    name,
    codec,
    mostLost,
    packets: () => packetise(units, { codec, mtu: 400 }, displayOrder(name)),
    parameterSets: () => setsOf(codec, units),
  };
}

/** RTP time is the time of display: the picture behind three B-pictures comes before them in the stream. */
function displayOrder(name: string): (unit: number) => number {
  if (!name.startsWith('H.264') || !name.includes('B-pictures')) return (unit) => unit;
  const isClosed = name.includes('disposable');
  return (unit) =>
    unit === 0 || (isClosed && unit % 12 === 0) ? unit : unit % 4 === 1 ? unit + 3 : unit - 1;
}

const X264 = ['-c:v', 'libx264', '-preset', 'veryfast'];
const X265 = ['-c:v', 'libx265', '-preset', 'ultrafast'];

function mpeg4Case(): Case {
  const options = ['-c:v', 'mpeg4', '-g', '12'];
  const units = mpeg4Units(encode(ffmpeg, { source: SOURCE, options, format: 'm4v', frames: PICTURES }));
  const [first = new Uint8Array(0)] = units;
  const headers = first.subarray(0, Buffer.from(first).indexOf('000001b3', 0, 'hex'));
  return {
    name: 'MPEG-4',
    codec: 'mpeg4',
    mostLost: 12,
    packets: () => packetiseMpeg4(units, 400),
    parameterSets: () => [headers],
  };
}

const CASES: readonly Case[] = [
  nalCase('H.264', 'h264', [
    ...X264,
    '-tune',
    'zerolatency',
    '-x264-params',
    'aud=1:keyint=12:sliced-threads=0',
  ]),
  nalCase('H.264 of four slices', 'h264', [...X264, '-x264-params', 'aud=1:keyint=12:slices=4:bframes=0']),
  nalCase('H.264 with disposable B-pictures', 'h264', [
    ...X264,
    ...['-x264-params', 'aud=1:keyint=12:min-keyint=12:bframes=3:b-adapt=0:b-pyramid=none:scenecut=0'],
  ]),
  nalCase(
    'H.264 with B-pictures in open groups',
    'h264',
    [
      ...X264,
      '-x264-params',
      'aud=1:keyint=12:min-keyint=12:bframes=3:b-adapt=0:b-pyramid=none:open-gop=1:ref=4:scenecut=0',
    ],
    16,
  ),
  nalCase('H.265', 'h265', [
    ...X265,
    ...[
      '-x265-params',
      'log-level=none:pools=1:frame-threads=1:aud=1:keyint=12:min-keyint=12:bframes=0:repeat-headers=1',
    ],
  ]),
  nalCase(
    'H.265 with B-pictures in open groups',
    'h265',
    [
      ...X265,
      '-x265-params',
      'log-level=none:pools=1:frame-threads=1:aud=1:keyint=12:min-keyint=12:bframes=3:open-gop=1:repeat-headers=1',
    ],
    16,
  ),
  mpeg4Case(),
  {
    name: 'JPEG',
    codec: 'jpeg',
    mostLost: 1,
    packets: () =>
      jpegFiles(
        encode(ffmpeg, {
          source: SOURCE,
          options: ['-c:v', 'mjpeg', '-pix_fmt', 'yuvj420p', '-huffman', 'default'],
          format: 'mjpeg',
          frames: 12,
        }),
      ).flatMap((file, index) => packetiseJpeg(file, timestampOf(index), { mtu: 1400 })),
  },
];

function received({ codec, parameterSets }: Case, packets: readonly Uint8Array[]): Received {
  const result = receiving({ track: track(codec, { parameterSets: parameterSets?.() ?? [] }) });
  feed(result, packets);
  return result;
}

/** A unit by its picture: SEI messages in front of it come in packets of their own, and may be lost alone. */
function key({ codec, data }: AccessUnit): string {
  const isSlice = (nal: Uint8Array): boolean =>
    codec === 'h264' ? [1, 5].includes((nal[0] ?? 0) & 31) : (nal[0] ?? 0) >> 1 < 32;
  const picture =
    codec === 'h264' || codec === 'h265' ? annexB([...nalUnits(data)].filter(isSlice)) : Buffer.from(data);
  return picture.toString('base64');
}

function checkUnits(name: string, whole: readonly AccessUnit[], { units }: Received, mostLost: number): void {
  const known = new Map(whole.map((unit, index) => [key(unit), index]));
  let last = -1;
  for (const unit of units) {
    const index = known.get(key(unit));
    assert.ok(index !== undefined && !unit.damaged, `${name}: a unit that the camera did not send`);
    assert.ok(index > last, `${name}: out of order`);
    last = index;
  }
  assert.ok(
    units.length >= whole.length - mostLost,
    `${name}: ${whole.length - units.length} pictures missing`,
  );
}

/** The units that one decoder gets: another begins where decoding begins anew without a key picture. */
function decoders(units: readonly AccessUnit[]): AccessUnit[][] {
  const parts: AccessUnit[][] = [];
  for (const unit of units) {
    if (parts.length === 0 || (unit.discontinuity && unit.randomAccess === 'recovery')) parts.push([]);
    parts.at(-1)?.push(unit);
  }
  return parts;
}

for (const each of CASES) {
  describe(`packets lost of ${each.name}`, () => {
    const packets = numbered(each.packets());
    const whole = received(each, packets).units;
    const shown = new Set(pictureHashes(each.codec, written(each.codec, whole)));

    test('the stream itself is whole', { timeout: 60_000 }, () => {
      assert.ok(
        whole.length >= 12 && packets.length > whole.length * 2,
        `${whole.length} of ${packets.length}`,
      );
      assert.equal(shown.size, whole.length);
    });

    for (const burst of [1, 2, 5]) {
      test(`no torn unit, wherever ${burst} in a row are lost`, { timeout: 60_000 }, () => {
        for (let at = 0; at + burst <= packets.length; at += 1) {
          const left = packets.filter((_, index) => index < at || index >= at + burst);
          const result = received(each, left);
          checkUnits(`packet ${at}`, whole, result, each.mostLost + burst);
          const inside = at > 0 && at + burst < packets.length;
          assert.equal(result.receiver.statistics.lost, inside ? burst : 0);
        }
      });
    }

    test('what is decoded of the rest are the pictures of the whole stream', { timeout: 120_000 }, () => {
      for (let at = 3; at < packets.length; at += Math.ceil(packets.length / 12)) {
        const left = packets.filter((_, index) => index !== at);
        const { units } = received(each, left);
        const decoded = decoders(units).flatMap((own) => pictureHashes(each.codec, written(each.codec, own)));
        const strange = decoded.filter((hash) => !shown.has(hash));
        assert.deepEqual(strange, [], `without packet ${at}`);
      }
    });
  });
}
