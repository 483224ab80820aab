import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import fc from 'fast-check';
import { MAX_UNIT_BYTES } from '../../src/rtp/unit-buffer.js';
import { UDP_REORDER_WINDOW } from '../../src/rtp/packet-order.js';
import type { VideoCodec } from '../../src/video/video-format.js';
import { numbered, rtp, type PacketFields } from './packetise.js';
import { feed, receiving, START, track, type Received } from './streams.js';
import { pps, slice, sps } from './synthetic.js';

/** Bytes that no camera sends: bounded memory, bounded time, and no exception. */

const LIMIT = { timeout: 60_000 };
const SETS = [sps(), pps()];
const CODECS: readonly VideoCodec[] = ['h264', 'h265', 'jpeg', 'mpeg4'];

const h264 = (): Received => receiving({ track: track('h264', { parameterSets: SETS }) });

/** That many packets, each made when it is its turn. */
function flood({ receiver }: Received, count: number, make: (index: number) => PacketFields): void {
  for (let index = 0; index < count; index += 1) receiver.receive(rtp(make(index), index), START + index);
}

const FRAGMENT = 60_000;
const fu = (type: number, bits: number, bytes = FRAGMENT): Uint8Array => {
  const payload = new Uint8Array(bytes + 2).fill(0xab);
  payload.set([0x7c, bits | type]);
  return payload;
};

setFlagsFromString('--expose-gc');
const collectGarbage = runInNewContext('gc') as () => void;

/** External memory that grew while `work` ran and is still held. */
function heldBytes(work: () => unknown): number {
  collectGarbage();
  const before = process.memoryUsage().arrayBuffers;
  const kept = work();
  collectGarbage();
  const after = process.memoryUsage().arrayBuffers;
  assert.ok(kept !== undefined);
  return after - before;
}

describe('bounds', () => {
  test('a picture without end is cut off, told, and the next key picture shown', LIMIT, () => {
    const received = h264();
    const head = slice({ idr: true, bytes: 1000 });
    const parts = Math.ceil((MAX_UNIT_BYTES * 3) / FRAGMENT);
    const held = heldBytes(() => {
      flood(received, parts, (index) => ({
        payload:
          index === 0
            ? Uint8Array.from([0x7c, 0x85, ...head.subarray(1)])
            : fu(5, index === parts - 1 ? 0x40 : 0),
        timestamp: 0,
        marker: index === parts - 1,
      }));
      return received;
    });
    assert.ok(held < MAX_UNIT_BYTES * 3, `${held} bytes held`);
    assert.deepEqual(
      [received.units.length, received.problems],
      [0, [{ kind: 'too_large', what: 'access unit' }]],
    );
    received.receiver.receive(
      rtp({ payload: slice({ idr: true }), timestamp: 3600, marker: true }, parts),
      START + 9000,
    );
    received.receiver.tick(START + 10_000);
    assert.equal(received.units.length, 1);
  });

  test('a NAL unit without end that is no picture, too', LIMIT, () => {
    for (const type of [6, 7, 12]) {
      const received = h264();
      flood(received, 500, (index) => ({
        payload: fu(type, index === 0 ? 0x80 : 0),
        timestamp: index,
        marker: false,
      }));
      assert.deepEqual(received.problems[0], { kind: 'too_large', what: 'access unit' });
      received.receiver.receive(
        rtp({ payload: slice({ idr: true }), timestamp: 3600, marker: true }, 500),
        START + 9000,
      );
      received.receiver.tick(START + 10_000);
      assert.equal(received.units.length, 1);
      assert.ok((received.units[0]?.data.length ?? Infinity) < 1000);
    }
  });

  test('SEI messages without a picture do not pile up', LIMIT, () => {
    const received = h264();
    const sei = new Uint8Array(50_000).fill(0x55);
    sei[0] = 6;
    flood(received, 500, (index) => ({ payload: sei, timestamp: index * 3600, marker: true }));
    received.receiver.receive(
      rtp({ payload: slice({ idr: true }), timestamp: 0, marker: true }, 500),
      START + 9000,
    );
    received.receiver.tick(START + 10_000);
    assert.ok((received.units[0]?.data.length ?? Infinity) < 300_000);
  });

  test('a picture of too many slices is left out and told', LIMIT, () => {
    const received = h264();
    flood(received, 5000, (index) => ({
      payload: slice({ idr: true, firstMacroblock: index, bytes: 4 }),
      timestamp: 0,
      marker: index === 4999,
    }));
    assert.equal(received.units.length, 0);
    assert.deepEqual(received.problems.at(-1), { kind: 'too_large', what: 'NAL units of a picture' });
  });

  test('a JPEG and an MPEG-4 picture without end are cut off as well', LIMIT, () => {
    for (const [codec, head, more] of [
      ['jpeg', [0, 0, 0, 0, 1, 50, 40, 30], [0, 1, 0, 0, 1, 50, 40, 30]],
      ['mpeg4', [0, 0, 1, 0xb6], []],
    ] as const) {
      const received = receiving({ track: track(codec) });
      flood(received, 500, (index) => ({
        payload: Uint8Array.from([...(index === 0 ? head : more), ...new Uint8Array(FRAGMENT).fill(0x77)]),
        timestamp: 0,
        marker: index === 499,
      }));
      assert.equal(received.units.length, 0);
      assert.ok(
        received.problems.some(({ kind }) => kind === 'too_large'),
        codec,
      );
    }
  });
});

describe('random bytes', () => {
  const payload = fc.oneof(
    fc.uint8Array({ maxLength: 60 }),
    // Types that lead farther than most random bytes.
    fc
      .tuple(
        fc.constantFrom(
          0x67,
          0x68,
          0x65,
          0x41,
          0x78,
          0x7c,
          0x5c,
          0x06,
          0x40,
          0x42,
          0x44,
          0x26,
          0x02,
          0x62,
          0x60,
          0,
        ),
        fc.uint8Array({ maxLength: 60 }),
      )
      .map(([first, rest]) => Uint8Array.from([first, ...rest])),
  );
  const step = fc.record({
    payload,
    ticks: fc.constantFrom(0, 0, 3600, 3600, -3600, 1_000_000_000),
    skip: fc.constantFrom(0, 0, 0, 0, 1, 2, -1, 200, 30_000),
    marker: fc.boolean(),
    wait: fc.constantFrom(0, 1, 25, 200),
    ssrc: fc.constantFrom(1, 1, 1, 1, 2),
  });

  for (const codec of CODECS) {
    for (const reorder of [null, UDP_REORDER_WINDOW]) {
      test(
        `as ${codec} over ${reorder === null ? 'TCP' : 'UDP'} make no exception and no large unit`,
        LIMIT,
        () => {
          fc.assert(
            fc.property(fc.array(step, { maxLength: 60 }), fc.boolean(), (steps, keepDamaged) => {
              const parameterSets = codec === 'h264' ? SETS : [];
              const received = receiving({ track: track(codec, { parameterSets }), reorder, keepDamaged });
              let [sequence, timestamp, now] = [0, 0, START];
              for (const { ticks, skip, wait, ssrc, ...fields } of steps) {
                timestamp = (timestamp + ticks) >>> 0;
                sequence = (sequence + 1 + skip) & 0xffff;
                now += wait;
                const packet = rtp({ ...fields, timestamp }, sequence, {
                  payloadType: 96,
                  ssrc,
                  sequence: 0,
                });
                received.receiver.receive(packet, now);
                received.receiver.tick(now);
              }
              received.receiver.tick(Infinity);
              for (const unit of received.units) {
                assert.ok(unit.data.length > 0 && unit.data.length < 100_000);
                assert.ok(unit.arrivedAt >= unit.firstArrivedAt);
                assert.equal(unit.data.length, unit.data.buffer.byteLength);
              }
            }),
            { numRuns: 400 },
          );
        },
      );
    }
  }

  test('in the middle of a good stream never show a picture that was not sent', LIMIT, () => {
    const nals = Array.from({ length: 40 }, (_, number) =>
      slice({ idr: number % 10 === 0, frameNum: number % 10, bytes: 300, seed: number }),
    );
    const packets = nals.map((nal, number) => ({ payload: nal, timestamp: number * 3600, marker: true }));
    const sent = new Set(nals.map((nal) => Buffer.from(nal).toString('hex')));
    const index = fc.integer({ min: 0, max: packets.length - 1 });
    fc.assert(
      fc.property(
        fc.array(fc.tuple(index, fc.uint8Array({ maxLength: 40 })), { maxLength: 10 }),
        (strays) => {
          const received = h264();
          const stream = numbered(packets).map((bytes, at) => ({ bytes, at }));
          // Between the good packets, with numbers of their own that are no continuation.
          for (const [at, noise] of strays) {
            stream.splice(at, 0, {
              bytes: rtp({ payload: noise, timestamp: 1, marker: true }, 5, {
                payloadType: 77,
                ssrc: 9,
                sequence: 0,
              }),
              at,
            });
          }
          feed(
            received,
            stream.map(({ bytes }) => bytes),
          );
          for (const { data } of received.units) {
            const hex = Buffer.from(data).toString('hex');
            const picture = hex.slice(hex.lastIndexOf('00000001') + 8);
            assert.ok(sent.has(picture));
          }
          assert.equal(received.units.length, 40);
        },
      ),
      { numRuns: 50 },
    );
  });
});
