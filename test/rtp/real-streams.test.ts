import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { FFMPEGS } from '../support/ffmpegs.js';
import type { Encoding } from '../video/encode.js';
import type { NalPacketising } from './packetise.js';
import { annexB, encodeUnits, packetise, receive, setsOf, track, type SourceUnit } from './streams.js';

/** Real encoders' pictures must come out of RTP as they went in, byte for byte. */

const X264 = ['-c:v', 'libx264', '-preset', 'veryfast', '-g', '10'];
const X265 = ['-c:v', 'libx265', '-preset', 'ultrafast'];
const x264 = (params: string): string[] => ['-x264-params', `aud=1:${params}`];
const x265 = (params: string): string[] => [
  '-x265-params',
  `log-level=none:pools=1:frame-threads=1:aud=1:keyint=10:min-keyint=10:${params}`,
];
const PICTURES = 25;

interface Stream {
  readonly name: string;
  readonly codec: 'h264' | 'h265';
  readonly options: readonly string[];
  readonly keys: number;
}

const STREAMS: readonly Stream[] = [
  {
    name: 'H.264',
    codec: 'h264',
    options: [...X264, '-tune', 'zerolatency', ...x264('sliced-threads=0')],
    keys: 3,
  },
  {
    name: 'H.264 of four slices',
    codec: 'h264',
    options: [...X264, '-tune', 'zerolatency', ...x264('slices=4')],
    keys: 3,
  },
  {
    name: 'H.264 of slices by size',
    codec: 'h264',
    options: [...X264, '-tune', 'zerolatency', ...x264('sliced-threads=0:slice-max-size=700')],
    keys: 3,
  },
  {
    name: 'H.264 with B-pictures',
    codec: 'h264',
    options: [...X264, ...x264('bframes=3:b-pyramid=normal')],
    keys: 3,
  },
  {
    name: 'interlaced H.264 of 4 slices',
    codec: 'h264',
    options: [...X264, '-flags', '+ildct+ilme', ...x264('tff=1:slices=4')],
    keys: 3,
  },
  {
    name: 'H.264 4:2:2 of 10 bits',
    codec: 'h264',
    options: [...X264, '-pix_fmt', 'yuv422p10le', ...x264('bframes=0')],
    keys: 3,
  },
  {
    name: 'H.264 of constant rate with filler',
    codec: 'h264',
    options: [...X264, '-b:v', '2M', ...x264('nal-hrd=cbr:vbv-maxrate=2000:vbv-bufsize=400:bframes=0')],
    keys: 3,
  },
  {
    name: 'H.264 with intra refresh',
    codec: 'h264',
    options: [...X264, '-tune', 'zerolatency', ...x264('intra-refresh=1:sliced-threads=0')],
    keys: 1,
  },
  { name: 'H.265', codec: 'h265', options: [...X265, ...x265('bframes=0:repeat-headers=1')], keys: 3 },
  {
    name: 'H.265 of four slices',
    codec: 'h265',
    options: [...X265, ...x265('bframes=0:repeat-headers=1:slices=4')],
    keys: 3,
  },
  {
    name: 'H.265 with B-pictures and open groups',
    codec: 'h265',
    options: [...X265, ...x265('bframes=3:b-pyramid=1:open-gop=1:repeat-headers=1')],
    keys: 3,
  },
  {
    name: 'H.265 4:2:2 of 10 bits',
    codec: 'h265',
    options: [...X265, '-pix_fmt', 'yuv422p10le', ...x265('bframes=0:repeat-headers=1')],
    keys: 3,
  },
];

/** What a unit must be: the sets once in front where decoding can begin, then all but filler. */
function expected(
  codec: 'h264' | 'h265',
  { nals }: SourceUnit,
  sets: readonly Uint8Array[],
  begins: boolean,
): Buffer {
  const kept = nals.filter((nal) => codec === 'h265' || ((nal[0] ?? 0) & 31) !== 12);
  return annexB([...(begins ? sets : []), ...kept]);
}

function check(stream: Stream, units: readonly SourceUnit[], how: NalPacketising): void {
  const sets = setsOf(stream.codec, units);
  const { units: got, problems, receiver } = receive({ track: track(stream.codec) }, packetise(units, how));
  assert.equal(got.length, how.marking === 'last' || how.marking === undefined ? PICTURES : got.length);
  assert.ok(got.length >= PICTURES - 1, `${got.length} units`);
  got.forEach((unit, index) => {
    const source = units[index];
    assert.ok(source !== undefined);
    const wanted = expected(stream.codec, source, sets, unit.randomAccess !== 'none');
    assert.deepEqual(Buffer.from(unit.data), wanted, `unit ${index}`);
    assert.equal(unit.damaged, false);
    assert.equal(unit.format, got[0]?.format);
  });
  assert.equal(got.filter(({ randomAccess }) => randomAccess === 'key').length, stream.keys);
  const telling = problems.filter(({ kind }) => kind !== 'untrue_markers');
  assert.deepEqual(telling, []);
  assert.equal(receiver.statistics.damagedUnits + receiver.statistics.dependentUnits, 0);
}

for (const ffmpeg of FFMPEGS) {
  describe(`pictures of ${ffmpeg.name}`, () => {
    for (const stream of STREAMS) {
      test(`${stream.name} comes out as it went in`, { timeout: 90_000 }, () => {
        const encoding: Encoding = {
          source: 'testsrc2=size=320x240:rate=25',
          options: stream.options,
          format: stream.codec === 'h264' ? 'h264' : 'hevc',
          frames: PICTURES,
        };
        const units = encodeUnits(stream.codec, ffmpeg.path, encoding);
        assert.equal(units.length, PICTURES);
        for (const mtu of [150, 1400, 60_000]) {
          for (const marking of ['last', 'never', 'each_nal'] as const) {
            for (const aggregate of [false, true]) {
              check(stream, units, { codec: stream.codec, mtu, marking, aggregate });
            }
          }
        }
      });
    }
  });
}
