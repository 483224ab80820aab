import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { CHOSEN_FFMPEG } from '../support/ffmpegs.js';
import type { PacketFields } from './packetise.js';
import { annexB, encodeUnits, packetise, receive, setsOf, track, type Received } from './streams.js';
import { pps, slice, sps } from './synthetic.js';

/** Payload structures of RFC 6184 and 7798, and what cameras make of them. */

const LIMIT = { timeout: 60_000 };
const SETS = [sps(), pps()];
const [SPS = sps(), PPS = pps()] = SETS;

const packet = (payload: Uint8Array | readonly number[], picture: number, marker = true): PacketFields => ({
  payload: Uint8Array.from(payload),
  timestamp: picture * 3600,
  marker,
});

const known = (packets: readonly PacketFields[]): Received =>
  receive({ track: track('h264', { parameterSets: SETS }) }, packets);
const unknown = (packets: readonly PacketFields[]): Received => receive({ track: track('h264') }, packets);

const data = ({ units }: Received, index = 0): Buffer => Buffer.from(units[index]?.data ?? []);
const key = slice({ idr: true, bytes: 200 });
const next = slice({ frameNum: 1, bytes: 200, seed: 1 });

/** FU-A payloads of a NAL unit, cut at these places (of its payload). */
function fragments(
  nal: Uint8Array,
  cuts: readonly number[],
  bits: { start?: boolean; end?: boolean } = {},
): number[][] {
  const [header = 0] = nal;
  const edges = [1, ...cuts.map((cut) => cut + 1), nal.length];
  return edges.slice(0, -1).map((from, index) => {
    const start = index === 0 && bits.start !== false ? 0x80 : 0;
    const end = index === edges.length - 2 && bits.end !== false ? 0x40 : 0;
    return [(header & 0xe0) | 28, start | end | (header & 31), ...nal.subarray(from, edges[index + 1])];
  });
}

describe('H.264 packets', () => {
  test('STAP-A with sets and picture in one', LIMIT, () => {
    const parts = [SPS, PPS, key].flatMap((nal) => [nal.length >> 8, nal.length & 255, ...nal]);
    const received = unknown([packet([0x78, ...parts], 0), packet(next, 1)]);
    assert.deepEqual(data(received), annexB([SPS, PPS, key]));
    assert.deepEqual(data(received, 1), annexB([next]));
  });

  test('FU-A of any cut, with empty fragments, or with start and end in one', LIMIT, () => {
    for (const cuts of [[], [0], [1, 2, 3], [50, 50, 100], [key.length - 1]]) {
      const parts = fragments(key, cuts);
      const packets = parts.map((payload, index) => packet(payload, 0, index === parts.length - 1));
      assert.deepEqual(
        data(known([...packets, packet(next, 1)])),
        annexB([SPS, PPS, key]),
        `cut at ${cuts.join()}`,
      );
    }
  });

  test('FU-A without end bit ends where something else begins', LIMIT, () => {
    const packets = [0, 1, 2, 3].flatMap((number) => {
      const nal = number === 0 ? key : slice({ frameNum: number, bytes: 200, seed: number });
      const parts = fragments(nal, [60, 120], { end: false });
      return parts.map((payload, index) => packet(payload, number, index === parts.length - 1));
    });
    const received = known(packets);
    assert.equal(received.units.length, 3);
    assert.deepEqual(data(received, 2), annexB([slice({ frameNum: 2, bytes: 200, seed: 2 })]));
  });

  test('FU-A whose start is missing shows nothing of its picture', LIMIT, () => {
    const tail = fragments(next, [60, 120], { start: false });
    const packets = [
      packet(key, 0),
      ...tail.map((payload, index) => packet(payload, 1, index === 2)),
      packet(key, 2),
    ];
    const received = known(packets);
    assert.equal(received.units.length, 2);
    assert.equal(received.receiver.statistics.damagedUnits, 1);
  });

  test('interleaved packets are refused, and cost what depends on them', LIMIT, () => {
    for (const [type, what] of [
      [25, 'STAP-B'],
      [26, 'MTAP16'],
      [27, 'MTAP24'],
      [29, 'FU-B'],
    ] as const) {
      const received = known([
        packet(key, 0),
        packet([0x60 | type, 1, 2, 3], 1),
        packet(slice({ frameNum: 2 }), 2),
        packet(key, 3),
      ]);
      assert.equal(received.units.length, 2, what);
      assert.deepEqual(received.problems, [{ kind: 'unsupported_packets', what: `H.264 ${what}` }]);
    }
  });

  test('empty payloads, delimiters, filler and enhancement layers are passed over', LIMIT, () => {
    const packets = [
      packet([9, 0xf0], 0, false),
      packet([], 0, false),
      packet([14, 1, 2, 3], 0, false),
      packet(key, 0, false),
      packet([20, 1, 2, 3], 0, false),
      packet([12, 255, 255, 128], 0),
      packet(next, 1),
    ];
    const received = known(packets);
    assert.deepEqual(data(received), annexB([SPS, PPS, key]));
    assert.equal(received.units.length, 2);
    assert.deepEqual(received.problems, []);
  });
});

describe('Annex B inside of packets', () => {
  /** As V380 cameras send key pictures: all in one FU-A that says it is an SPS. */
  test('sets and picture as one fragmented unit come apart', LIMIT, () => {
    const lump = Buffer.concat([SPS, Buffer.from([0, 0, 0, 1]), PPS, Buffer.from([0, 0, 1]), key]);
    for (const cuts of [[40], [SPS.length], [SPS.length + 1, SPS.length + 3, 90], [3, 4, 5]]) {
      const parts = fragments(lump, cuts);
      const packets = parts.map((payload, index) => packet(payload, 0, index === parts.length - 1));
      const received = unknown([...packets, packet(next, 1)]);
      assert.deepEqual(data(received), annexB([SPS, PPS, key]), `cut at ${cuts.join()}`);
      assert.equal(received.units.length, 2);
    }
  });

  test('start codes in front of single units are taken away', LIMIT, () => {
    const coded = (nal: Uint8Array): number[] => [0, 0, 0, 1, ...nal];
    const received = unknown([
      packet([...coded(SPS), ...coded(PPS), ...coded(key)], 0),
      packet(coded(next), 1),
      packet(coded(slice({ frameNum: 2 })), 2),
    ]);
    assert.deepEqual(data(received), annexB([SPS, PPS, key]));
    assert.deepEqual(data(received, 1), annexB([next]));
    assert.equal(received.units.length, 3);
  });
});

describe('H.265 packets', () => {
  const options = ['-c:v', 'libx265', '-preset', 'ultrafast'];
  const params =
    'log-level=none:pools=1:frame-threads=1:aud=1:keyint=5:min-keyint=5:bframes=0:repeat-headers=1';
  const units = encodeUnits('h265', CHOSEN_FFMPEG.path, {
    source: 'testsrc2=size=160x120:rate=25',
    options: [...options, '-x265-params', params],
    format: 'hevc',
    frames: 12,
  });

  test('decoding order numbers are passed over', LIMIT, () => {
    const plain = receive(
      { track: track('h265') },
      packetise(units, { codec: 'h265', mtu: 400, aggregate: true }),
    );
    for (const aggregate of [false, true]) {
      const how = { codec: 'h265', mtu: 400, aggregate, orderNumbers: true } as const;
      const numbered = receive(
        { track: track('h265', { hasDecodingOrderNumbers: true }) },
        packetise(units, how),
      );
      assert.equal(numbered.units.length, 12);
      numbered.units.forEach((unit, index) => assert.deepEqual(unit.data, plain.units[index]?.data));
    }
  });

  test('sets of the SDP alone are put in front of key pictures', LIMIT, () => {
    const sets = setsOf('h265', units);
    const bare = units.map(({ nals }) => ({ nals, all: nals }));
    // The order in an SDP is any.
    const told = track('h265', { parameterSets: [...sets].reverse() });
    const received = receive({ track: told }, packetise(bare, { codec: 'h265', mtu: 400 }));
    assert.equal(received.units.length, 12);
    assert.deepEqual(data(received, 5), annexB([...sets, ...(units[5]?.nals ?? [])]));
    assert.equal(received.units[0]?.format.codecString.startsWith('hvc1.1.6.L'), true);
  });

  test('layers above the base and PACI packets are left out', LIMIT, () => {
    const packets = packetise(units, { codec: 'h265', mtu: 4000 });
    const layered = packets.flatMap((each) => [
      { ...each, payload: Buffer.from([0x02, 0x09, 1, 2]), marker: false },
      each,
    ]);
    assert.equal(receive({ track: track('h265') }, layered).units.length, 12);
    const paci = [
      ...packets.slice(0, 3),
      { ...packets[3], payload: Buffer.from([50 << 1, 1, 0, 0]), timestamp: 9, marker: true },
    ];
    assert.deepEqual(receive({ track: track('h265') }, paci).problems, [
      { kind: 'unsupported_packets', what: 'H.265 PACI' },
    ]);
  });
});
