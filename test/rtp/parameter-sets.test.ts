import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { PacketFields } from './packetise.js';
import { annexB, receive, track, type Received } from './streams.js';
import { pps, slice, sps } from './synthetic.js';

const LIMIT = { timeout: 20_000 };
const LARGE = [sps({ width: 640, height: 480 }), pps()] as const;
const SMALL = [sps(), pps()] as const;

/** One packet a NAL unit, the marker on the last. */
const picture = (number: number, nals: readonly Uint8Array[], marked = true): PacketFields[] =>
  nals.map((payload, index) => ({
    payload,
    timestamp: number * 3600,
    marker: marked && index === nals.length - 1,
  }));

const group = (number: number, sets: readonly Uint8Array[], marked = true): PacketFields[] => [
  ...picture(number, [...sets, slice({ idr: true, seed: number })], marked),
  ...picture(number + 1, [slice({ frameNum: 1, seed: number })], marked),
];

const data = ({ units }: Received, index: number): Buffer => Buffer.from(units[index]?.data ?? []);

describe('parameter sets', () => {
  test('of the SDP hold until others come in the stream', LIMIT, () => {
    const packets = [...group(0, []), ...group(2, LARGE), ...group(4, [])];
    const received = receive({ track: track('h264', { parameterSets: SMALL }) }, packets);
    assert.deepEqual(
      received.units.map(({ format }) => format.width),
      [320, 320, 640, 640, 640, 640],
    );
    assert.deepEqual(data(received, 0), annexB([...SMALL, slice({ idr: true, seed: 0 })]));
    assert.deepEqual(data(received, 2), annexB([...LARGE, slice({ idr: true, seed: 2 })]));
    assert.deepEqual(data(received, 4), annexB([...LARGE, slice({ idr: true, seed: 4 })]));
  });

  for (const marked of [true, false]) {
    test(
      `changed in mid-stream hold from their picture on, ${marked ? 'with' : 'without'} markers`,
      LIMIT,
      () => {
        const packets = [0, 1, 2, 3].flatMap((round) =>
          group(round * 2, round % 2 === 0 ? SMALL : LARGE, marked),
        );
        const received = receive({ track: track('h264') }, packets);
        const widths = received.units.map(({ format }) => format.width);
        assert.deepEqual(widths.slice(0, 7), [320, 320, 640, 640, 320, 320, 640]);
        received.units.forEach((unit, index) => {
          const sets = widths[index] === 320 ? SMALL : LARGE;
          const begins = unit.randomAccess === 'key';
          const body = begins ? slice({ idr: true, seed: index }) : slice({ frameNum: 1, seed: index - 1 });
          assert.deepEqual(data(received, index), annexB(begins ? [...sets, body] : [body]));
        });
      },
    );
  }

  test('sent again without a change make no new format', LIMIT, () => {
    const packets = [0, 2, 4, 6].flatMap((number) => group(number, SMALL));
    const { units } = receive({ track: track('h264') }, packets);
    assert.equal(units.length, 8);
    assert.equal(new Set(units.map(({ format }) => format)).size, 1);
  });

  test('sent with each picture stay out of those in between', LIMIT, () => {
    const packets = [0, 1, 2, 3].flatMap((number) =>
      picture(number, [...SMALL, slice({ idr: number === 0, frameNum: number })]),
    );
    const received = receive({ track: track('h264') }, packets);
    assert.deepEqual(data(received, 2), annexB([slice({ frameNum: 2 })]));
  });

  test('that are new in mid-group stand in front of the picture that brought them', LIMIT, () => {
    const packets = [
      ...group(0, SMALL),
      ...picture(2, [pps(1), slice({ frameNum: 2, pps: 1 })]),
      ...picture(3, [slice({ frameNum: 3, pps: 1 })]),
    ];
    const received = receive({ track: track('h264') }, packets);
    assert.deepEqual(data(received, 2), annexB([...SMALL, pps(1), slice({ frameNum: 2, pps: 1 })]));
    assert.deepEqual(data(received, 3), annexB([slice({ frameNum: 3, pps: 1 })]));
  });

  test('filled up with zeros are the same sets', LIMIT, () => {
    const padded = SMALL.map((nal) => Uint8Array.from([...nal, 0, 0, 0]));
    const { units } = receive({ track: track('h264', { parameterSets: SMALL }) }, [
      ...group(0, padded),
      ...group(2, SMALL),
    ]);
    assert.equal(new Set(units.map(({ format }) => format)).size, 1);
    assert.deepEqual(Buffer.from(units[0]?.format.parameterSets ?? []), annexB(SMALL));
  });

  test('a picture whose sets are not known is left out, with what depends on it', LIMIT, () => {
    const packets = [
      ...group(0, SMALL),
      ...picture(2, [slice({ frameNum: 2, pps: 9 })]),
      ...picture(3, [slice({ frameNum: 3 })]),
    ];
    const received = receive({ track: track('h264') }, packets);
    assert.equal(received.units.length, 2);
    assert.equal(received.receiver.statistics.dependentUnits, 2);
  });

  test('too many or too large are refused and told', LIMIT, () => {
    const huge = Uint8Array.from({ length: 5000 }, (_, index) => (index === 0 ? 0x67 : 0x55));
    const many = Array.from({ length: 200 }, (_, id) =>
      Uint8Array.from([...pps(id), ...new Array<number>(1000).fill(1)]),
    );
    for (const flood of [[huge], many]) {
      const received = receive({ track: track('h264') }, [
        ...picture(0, flood),
        ...group(1, SMALL),
        ...group(3, []),
      ]);
      assert.deepEqual(received.problems, [{ kind: 'too_large', what: 'parameter sets' }]);
      for (const { data: bytes } of received.units) assert.ok(bytes.length < 128 * 1024);
    }
  });
});
