import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { PacketOrder, type OrderCounts } from '../../src/rtp/packet-order.js';

const LIMIT = { timeout: 20_000 };

interface Ordering {
  readonly order: PacketOrder;
  readonly counts: OrderCounts;
  /** Sequence number and losses before it. */
  readonly out: (readonly [number, number])[];
  /** A packet whose bytes are its number. */
  readonly put: (sequence: number, at?: number) => void;
}

function ordering(window: { packets: number; ms: number } | null): Ordering {
  const counts: OrderCounts = { lost: 0, reordered: 0, duplicates: 0, restarts: 0 };
  const out: (readonly [number, number])[] = [];
  const order = new PacketOrder(window, counts, (data, _arrivedAt, lost) => {
    out.push([((data[0] ?? 0) << 8) | (data[1] ?? 0), lost]);
  });
  const memory = new Uint8Array(2);
  const put = (sequence: number, at = 0): void => {
    memory.set([(sequence >> 8) & 255, sequence & 255]);
    order.push(sequence & 0xffff, memory, at);
    memory.fill(0);
  };
  return { order, counts, out, put };
}

const WINDOW = { packets: 16, ms: 20 };
const numbers = (from: number, count: number): number[] =>
  Array.from({ length: count }, (_, index) => (from + index) & 0xffff);

describe('over UDP', () => {
  test('any order within the window comes out in order', LIMIT, () => {
    const shifts = fc.array(fc.integer({ min: 0, max: 10 }), { minLength: 1, maxLength: 300 });
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 0xffff }), shifts, (from, delays) => {
        const { out, put, counts } = ordering(WINDOW);
        put(from);
        // Sorted by a number that is at most ten places late.
        const sent = delays.map((delay, index) => ({ index, at: index + delay }));
        sent.sort((one, other) => one.at - other.at);
        for (const { index } of sent) put(from + 1 + index);
        assert.deepEqual(
          out,
          numbers(from, delays.length + 1).map((number) => [number, 0]),
        );
        assert.equal(counts.lost, 0);
      }),
      { numRuns: 300 },
    );
  });

  test('duplicates are dropped and counted, waiting or not', LIMIT, () => {
    const { out, put, counts } = ordering(WINDOW);
    for (const number of [5, 5, 7, 7, 6, 5, 7, 8]) put(number);
    assert.deepEqual(
      out.map(([number]) => number),
      [5, 6, 7, 8],
    );
    assert.deepEqual(counts, { lost: 0, reordered: 1, duplicates: 4, restarts: 0 });
  });

  test('a lost packet is given up when its successors have waited long enough', LIMIT, () => {
    const { order, out, put, counts } = ordering(WINDOW);
    put(1, 0);
    put(3, 10);
    put(4, 12);
    assert.equal(order.deadline, 30);
    order.tick(29);
    assert.equal(out.length, 1);
    order.tick(30);
    assert.deepEqual(out, [
      [1, 0],
      [3, 1],
      [4, 0],
    ]);
    assert.equal(counts.lost, 1);
    assert.equal(order.deadline, Infinity);
    put(2, 31);
    assert.equal(out.length, 3);
  });

  test('a lost packet is given up when too many wait for it', LIMIT, () => {
    const { out, put } = ordering(WINDOW);
    for (const number of [1, ...numbers(3, 17)]) put(number);
    assert.deepEqual(out.slice(0, 3), [
      [1, 0],
      [3, 1],
      [4, 0],
    ]);
    assert.equal(out.length, 18);
  });

  test('a stray number far away changes nothing, two in a row begin anew', LIMIT, () => {
    const { out, put, counts } = ordering(WINDOW);
    for (const number of [1, 2, 40_000, 3, 4]) put(number);
    assert.deepEqual(
      out.map(([number]) => number),
      [1, 2, 3, 4],
    );
    for (const number of [20_000, 20_001, 20_002]) put(number);
    assert.deepEqual(out.slice(4), [
      [20_001, -1],
      [20_002, 0],
    ]);
    assert.equal(counts.restarts, 1);
  });

  test('numbers that restart a little way back are followed after some packets', LIMIT, () => {
    const { out, put, counts } = ordering(WINDOW);
    for (const number of [...numbers(0, 50), ...numbers(0, 12)]) put(number);
    assert.equal(counts.restarts, 1);
    assert.deepEqual(out.at(-1), [11, 0]);
  });

  test('memory is bounded and order kept whatever comes', LIMIT, () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 0, max: 0xffff }), { maxLength: 500 }), (sequence) => {
        const { order, put, out } = ordering(WINDOW);
        sequence.forEach((number, at) => put(number, at));
        order.tick(Infinity);
        assert.equal(order.waiting, false);
        assert.ok(out.length <= sequence.length);
      }),
    );
  });
});

describe('over TCP', () => {
  test('nothing waits: a gap is a loss at once', LIMIT, () => {
    const { order, out, put, counts } = ordering(null);
    for (const number of [65_534, 65_535, 2, 3]) put(number);
    assert.deepEqual(out, [
      [65_534, 0],
      [65_535, 0],
      [2, 2],
      [3, 0],
    ]);
    assert.equal(counts.lost, 2);
    assert.equal(order.deadline, Infinity);
  });

  test('one packet again is a duplicate, two are numbers that began anew', LIMIT, () => {
    const { out, put, counts } = ordering(null);
    for (const number of [10, 11, 11, 12, 9, 10, 11]) put(number);
    assert.deepEqual(
      out.map(([number]) => number),
      [10, 11, 12, 10, 11],
    );
    assert.equal(counts.restarts, 1);
  });

  test('a jump is followed at once', LIMIT, () => {
    const { out, put } = ordering(null);
    for (const number of [10, 30_000, 30_001]) put(number);
    assert.deepEqual(out, [
      [10, 0],
      [30_000, -1],
      [30_001, 0],
    ]);
  });
});
