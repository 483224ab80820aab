import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { CHOSEN_FFMPEG } from '../support/ffmpegs.js';
import { pictureHashes, written } from './decode.js';
import { numbered, type PacketFields } from './packetise.js';
import { encodeUnits, feed, packetise, receive, receiving, track, type Received } from './streams.js';
import { pps, recoveryPoint, slice, sps } from './synthetic.js';

/** Streams that do not begin, or begin again, with a key picture. */

const LIMIT = { timeout: 60_000 };
const SETS = [sps(), pps()];

const picture = (number: number, nals: readonly Uint8Array[]): PacketFields[] =>
  nals.map((payload, index) => ({ payload, timestamp: number * 3600, marker: index === nals.length - 1 }));

const pictures = (count: number, nals: (number: number) => readonly Uint8Array[]): PacketFields[] =>
  Array.from({ length: count }, (_, number) => picture(number, nals(number))).flat();

const received = (packets: readonly PacketFields[]): Received =>
  receive({ track: track('h264', { parameterSets: SETS }) }, packets);

describe('intra refresh', () => {
  const refreshing = (from: number): PacketFields[] =>
    pictures(40, (number) => {
      const delta = slice({ frameNum: number, seed: number });
      return (number - from) % 10 === 0 ? [recoveryPoint(4), delta] : [delta];
    });

  test('begins at a recovery point, and tells which pictures are not right yet', LIMIT, () => {
    const { units, receiver } = received(refreshing(3));
    assert.equal(units.length, 37);
    assert.deepEqual([units[0]?.randomAccess, units[0]?.recoveryFrames], ['recovery', 4]);
    assert.deepEqual(units.map(({ damaged }) => damaged).slice(0, 6), [true, true, true, true, false, false]);
    assert.equal(units.filter(({ damaged }) => damaged).length, 4);
    assert.equal(receiver.statistics.dependentUnits, 3);
  });

  test('after a loss shows nothing until the refresh is through', LIMIT, () => {
    const packets = numbered(refreshing(0));
    const result = receiving({ track: track('h264', { parameterSets: SETS }) });
    // The picture 15, which comes behind two recovery points.
    feed(
      result,
      packets.filter((_, index) => index !== 17),
    );
    const damaged = result.units.filter((unit) => unit.damaged).map(({ mediaTimeMs }) => mediaTimeMs / 40);
    assert.deepEqual(damaged, [0, 1, 2, 3, 20, 21, 22, 23]);
    const anew = result.units.filter((unit) => unit.discontinuity).map(({ mediaTimeMs }) => mediaTimeMs / 40);
    assert.deepEqual(anew, [0, 20]);
    assert.equal(result.units.length, 40 - 5);
  });

  test('is through for what is shown from then on: B-pictures come behind it', LIMIT, () => {
    // P at 0, 3, 6 ..., and in the stream behind each of them the two B-pictures before it.
    const order = (index: number): number => (index % 3 === 1 ? index + 2 : index - 1);
    const packets = Array.from({ length: 13 }, (_, index) => {
      const frameNum = Math.ceil((index + 2) / 3) % 16;
      if (index === 0) return picture(0, [recoveryPoint(2), slice({ frameNum: 0 })]);
      const isB = index % 3 !== 1;
      return picture(order(index), [slice({ frameNum, type: isB ? 6 : 5, reference: !isB, seed: index })]);
    }).flat();
    const { units } = received(packets);
    const right = units.filter(({ damaged }) => !damaged).map(({ mediaTimeMs }) => mediaTimeMs / 40);
    assert.deepEqual(right, [6, 9, 7, 8, 12, 10, 11]);
  });

  test('of x264: all pictures that are to be shown are decoded right', LIMIT, () => {
    const params = 'aud=1:keyint=10:intra-refresh=1:sliced-threads=0';
    const units = encodeUnits('h264', CHOSEN_FFMPEG.path, {
      source: 'testsrc2=size=320x240:rate=25',
      options: ['-c:v', 'libx264', '-preset', 'veryfast', '-tune', 'zerolatency', '-x264-params', params],
      format: 'h264',
      frames: 60,
    });
    const packets = packetise(units, { codec: 'h264', mtu: 1400 });
    const whole = receive({ track: track('h264') }, packets).units;
    const hashes = pictureHashes('h264', written('h264', whole));
    assert.deepEqual([whole.length, hashes.length], [60, 60]);
    const lostPicture = packets[packets.length >> 1]?.timestamp;
    const result = receiving({ track: track('h264') });
    feed(
      result,
      numbered(packets).filter((_, index) => packets[index]?.timestamp !== lostPicture),
    );
    const right = result.units
      .filter(({ damaged }) => !damaged)
      .map(({ mediaTimeMs }) => hashes[Math.round(mediaTimeMs / 40)]);
    assert.ok(right.length >= 30 && right.length < 60, `${right.length} shown`);
    const decoded = pictureHashes('h264', written('h264', result.units));
    for (const hash of right) assert.ok(decoded.includes(hash ?? ''));
    // A decoder that begins at the recovery point shows only what is right.
    const again = result.units.findIndex(({ damaged }) => damaged);
    const fresh = pictureHashes('h264', written('h264', result.units.slice(again)));
    assert.deepEqual(fresh, right.slice(-fresh.length));
    assert.ok(fresh.length > 5);
  });
});

describe('intra pictures that are no key pictures', () => {
  const intra = (number: number): Uint8Array => slice({ type: 7, frameNum: number, seed: number });

  test('with parameter sets in front are taken as such', LIMIT, () => {
    const { units } = received(
      pictures(30, (number) =>
        number % 10 === 5 ? [...SETS, intra(number)] : [slice({ frameNum: number })],
      ),
    );
    assert.equal(units.length, 25);
    assert.deepEqual([units[0]?.randomAccess, units[0]?.damaged], ['recovery', false]);
  });

  test('without them are taken when nothing better came for long', LIMIT, () => {
    const { units } = received(
      pictures(250, (number) => [number % 20 === 5 ? intra(number) : slice({ frameNum: number })]),
    );
    assert.ok(units.length >= 100 && units.length < 160, `${units.length}`);
  });
});

describe('open groups of pictures', () => {
  const X265 =
    'log-level=none:pools=1:frame-threads=1:aud=1:keyint=12:min-keyint=12:bframes=3:open-gop=1:repeat-headers=1';

  test('leading pictures are told, and left out where their references are missing', LIMIT, () => {
    const units = encodeUnits('h265', CHOSEN_FFMPEG.path, {
      source: 'testsrc2=size=160x120:rate=25',
      options: ['-c:v', 'libx265', '-preset', 'ultrafast', '-x265-params', X265],
      format: 'hevc',
      frames: 48,
    });
    const how = { codec: 'h265', mtu: 1400 } as const;
    const whole = receive({ track: track('h265') }, packetise(units, how)).units;
    assert.equal(whole.length, 48);
    const leading = whole.filter((unit) => unit.leading).length;
    assert.ok(leading >= 3);
    // Beginning at the second key picture.
    const second = whole.findIndex(({ randomAccess }, index) => index > 0 && randomAccess === 'key');
    const late = receive({ track: track('h265') }, packetise(units.slice(second), how)).units;
    assert.equal(
      late.length,
      48 - second - whole.slice(second, second + 4).filter((unit) => unit.leading).length,
    );
    const shown = new Set(pictureHashes('h265', written('h265', whole)));
    for (const hash of pictureHashes('h265', written('h265', late))) assert.ok(shown.has(hash));
  });

  test('of H.264, B-pictures shown before the recovery point are leading', LIMIT, () => {
    // In decoding order, with the time of display: I3 B1 B2 P6 B4 B5 ...
    const group = (start: number): PacketFields[] => [
      ...picture(start + 3, [recoveryPoint(0), slice({ type: 7, frameNum: start, seed: start })]),
      ...picture(start + 1, [slice({ type: 6, reference: false, frameNum: start + 1 })]),
      ...picture(start + 2, [slice({ type: 6, reference: false, frameNum: start + 1, seed: 1 })]),
      ...picture(start + 4, [slice({ frameNum: start + 1, seed: 2 })]),
    ];
    const { units } = received([...group(0), ...group(4)]);
    assert.deepEqual(
      units.map(({ leading }) => leading),
      [false, false, false, true, true, false],
    );
    assert.equal(units.length, 6);
  });
});

describe('disposable pictures', () => {
  test('that are lost cost only themselves where the numbers prove it', LIMIT, () => {
    const nals = (number: number): readonly Uint8Array[] => [
      number % 2 === 0
        ? slice({ idr: number === 0, frameNum: number / 2, seed: number })
        : slice({ reference: false, frameNum: (number + 1) / 2, seed: number }),
    ];
    const packets = numbered(pictures(30, nals));
    for (const lost of [5, 11, 17]) {
      const result = receiving({ track: track('h264', { parameterSets: SETS }) });
      feed(
        result,
        packets.filter((_, index) => index !== lost),
      );
      assert.equal(result.units.length, 29);
      const wrong = receiving({ track: track('h264', { parameterSets: SETS }) });
      feed(
        wrong,
        packets.filter((_, index) => index !== lost + 1),
      );
      assert.equal(wrong.units.length, lost + 1);
    }
  });

  test('prove nothing where the camera counts as it likes, or may leave numbers out', LIMIT, () => {
    const stream = (gaps: boolean): Uint8Array[] => {
      const sets = [sps({ gaps }), pps()];
      const nals = (number: number): readonly Uint8Array[] => {
        const frameNum = gaps ? number : number === 7 ? 3 : number;
        const each = slice({ idr: number === 0, frameNum, seed: number });
        return number === 0 ? [...sets, each] : [each];
      };
      return numbered(pictures(20, nals)).filter((_, index) => index !== 15);
    };
    for (const gaps of [true, false]) {
      const result = receiving({ track: track('h264') });
      feed(result, stream(gaps));
      assert.equal(result.units.length, 13);
    }
  });
});

test(
  'pictures whose slices are none are unreadable; they await no key picture, as those do that refer to them',
  LIMIT,
  () => {
    // slice_type 127, and of H.265 a picture parameter set above 63.
    const garbage = Uint8Array.of(0x61, 0x80, 0x80, ...new Array<number>(40).fill(0x5a));
    const packets = pictures(9, (number) =>
      number === 0
        ? [slice({ idr: true, frameNum: 0 })]
        : number < 6
          ? [garbage]
          : [slice({ frameNum: number })],
    );
    const { units, receiver } = received(packets);
    const { unreadableUnits, dependentUnits } = receiver.statistics;
    assert.deepEqual([units.length, unreadableUnits, dependentUnits], [1, 5, 3]);
  },
);
