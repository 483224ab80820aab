import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { RtpTrack } from '../../src/rtp/track.js';
import type { VideoCodec } from '../../src/video/video-format.js';
import { CHOSEN_FFMPEG } from '../support/ffmpegs.js';
import { encode } from '../video/encode.js';
import { jpegFiles, packetiseJpeg } from './packetise-jpeg.js';
import { mpeg4Units, packetiseMpeg4 } from './packetise-mpeg4.js';
import type { PacketFields } from './packetise.js';
import { encodeUnits, packetise, receive, timestampOf, track } from './streams.js';
import { pps, sps } from './synthetic.js';

/** Streams that are not what their SDP says: a picture, or a reason; never silence. */

const LIMIT = { timeout: 60_000 };
const SOURCE = 'testsrc2=size=320x240:rate=25';
const FRAMES = 30;
const ffmpeg = CHOSEN_FFMPEG.path;

const X264 = ['-c:v', 'libx264', '-preset', 'veryfast', '-tune', 'zerolatency'];
const X265 = ['-c:v', 'libx265', '-preset', 'ultrafast'];
const x265Params =
  'log-level=none:pools=1:frame-threads=1:aud=1:keyint=10:min-keyint=10:bframes=0:repeat-headers=1';

const h264 = encodeUnits('h264', ffmpeg, {
  source: SOURCE,
  options: [...X264, '-x264-params', 'aud=1:keyint=10:sliced-threads=0'],
  format: 'h264',
  frames: FRAMES,
});
const h265 = encodeUnits('h265', ffmpeg, {
  source: SOURCE,
  options: [...X265, '-x265-params', x265Params],
  format: 'hevc',
  frames: FRAMES,
});

const jpeg = (): PacketFields[] =>
  jpegFiles(
    encode(ffmpeg, {
      source: SOURCE,
      options: ['-c:v', 'mjpeg', '-huffman', 'default'],
      format: 'mjpeg',
      frames: FRAMES,
    }),
  ).flatMap((file, index) => packetiseJpeg(file, timestampOf(index), { mtu: 1400 }));

const mpeg4 = (): PacketFields[] =>
  packetiseMpeg4(
    mpeg4Units(
      encode(ffmpeg, {
        source: SOURCE,
        options: ['-c:v', 'mpeg4', '-g', '10'],
        format: 'm4v',
        frames: FRAMES,
      }),
    ),
    1400,
  );

const COMES: Readonly<Record<VideoCodec, () => PacketFields[]>> = {
  h264: () => packetise(h264, { codec: 'h264', mtu: 1400, aggregate: true }),
  h265: () => packetise(h265, { codec: 'h265', mtu: 1400, aggregate: true }),
  jpeg,
  mpeg4,
};

const CODECS: readonly VideoCodec[] = ['h264', 'h265', 'jpeg', 'mpeg4'];
const NAMED: ReadonlySet<string> = new Set(['h264', 'h265', 'mpeg4']);

for (const declared of CODECS) {
  describe(`an SDP that says ${declared}`, () => {
    for (const comes of CODECS.filter((codec) => codec !== declared)) {
      test(`while ${comes} comes`, LIMIT, () => {
        // The sets of the declared codec do not make the other one right.
        const told: Partial<RtpTrack> = declared === 'h264' ? { parameterSets: [sps(), pps()] } : {};
        const { units, problems } = receive({ track: track(declared, told) }, COMES[comes]());
        const wrong = problems.find(({ kind }) => kind === 'wrong_codec');
        if (NAMED.has(comes)) {
          assert.deepEqual(wrong, { kind: 'wrong_codec', declared, found: comes });
          assert.ok(units.length >= FRAMES - 10, `${units.length} units`);
          for (const { codec, format } of units) assert.deepEqual([codec, format.width], [comes, 320]);
        } else {
          assert.equal(units.length, 0);
          assert.ok(problems.length > 0, 'silence');
        }
      });
    }
  });
}

test('what is right is never taken for another codec, from wherever one joins', LIMIT, () => {
  for (const codec of CODECS) {
    const packets = COMES[codec]();
    for (let from = 0; from < Math.min(packets.length, 120); from += 1) {
      const { problems } = receive({ track: track(codec) }, packets.slice(from, from + 150));
      assert.ok(!problems.some(({ kind }) => kind === 'wrong_codec'), `${codec} from packet ${from}`);
    }
  }
});
