import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { QUIET_MS, SETTLE_MS } from '../../src/rtp/unit-assembler.js';
import { rtp } from './packetise.js';
import { annexB, receiving, START, track, type Received } from './streams.js';
import { pps, slice, sps } from './synthetic.js';

/** When a picture is handed over: at its marker, and never in parts. */

const LIMIT = { timeout: 20_000 };
const SETS = [sps(), pps()];

interface Sent {
  readonly nal: Uint8Array;
  readonly picture: number;
  readonly marker?: boolean;
}

/** A receiver that knows the parameter sets, and a camera that sends a packet a ms. */
interface Camera extends Received {
  readonly send: (sent: Sent) => void;
  readonly now: () => number;
  readonly wait: (ms: number) => void;
}

function camera(): Camera {
  const received = receiving({ track: track('h264', { parameterSets: SETS }) });
  let sequence = 0;
  let now = START;
  return Object.assign(received, {
    send({ nal, picture, marker = false }: Sent) {
      now += 1;
      received.receiver.receive(rtp({ payload: nal, timestamp: picture * 3600, marker }, sequence), now);
      sequence += 1;
    },
    now: () => now,
    wait(ms: number) {
      now += ms;
      received.receiver.tick(now);
    },
  });
}

const key = (seed = 0): Uint8Array => slice({ idr: true, seed });
const delta = (frameNum: number, firstMacroblock = 0): Uint8Array =>
  slice({ frameNum, firstMacroblock, seed: frameNum * 100 + firstMacroblock });

describe('cameras whose markers are right', () => {
  test('the first picture is handed over after a short quiet, without the next one', LIMIT, () => {
    const { send, units, receiver, wait, now } = camera();
    send({ nal: key(), picture: 0, marker: true });
    assert.equal(units.length, 0);
    assert.equal(receiver.deadline, now() + SETTLE_MS);
    wait(SETTLE_MS);
    assert.equal(units.length, 1);
    assert.equal(receiver.deadline, Infinity);
    assert.equal(units[0]?.arrivedAt, START + 1);
  });

  test('after three pictures each is handed over with its marker, at once', LIMIT, () => {
    const { send, units, receiver } = camera();
    send({ nal: key(), picture: 0, marker: true });
    for (let picture = 1; picture < 20; picture += 1) {
      send({ nal: delta(picture), picture, marker: true });
      assert.equal(units.length, picture < 3 ? picture : picture + 1);
      if (picture >= 3) assert.equal(receiver.deadline, Infinity);
    }
  });

  test('markers on the last of several slices are believed from the first picture on', LIMIT, () => {
    const { send, units } = camera();
    send({ nal: key(), picture: 0 });
    send({ nal: slice({ idr: true, firstMacroblock: 150 }), picture: 0, marker: true });
    assert.equal(units.length, 1);
  });
});

describe('cameras that never set the marker', () => {
  test('a picture is handed over when the next one begins', LIMIT, () => {
    const { send, units } = camera();
    send({ nal: key(), picture: 0 });
    send({ nal: slice({ idr: true, firstMacroblock: 150 }), picture: 0 });
    for (let picture = 1; picture < 5; picture += 1) {
      send({ nal: delta(picture), picture });
      send({ nal: delta(picture, 150), picture });
      assert.equal(units.length, picture);
    }
    assert.deepEqual(Buffer.from(units[2]?.data ?? []), annexB([delta(2), delta(2, 150)]));
  });

  test('also where all timestamps are the same', LIMIT, () => {
    const { send, units } = camera();
    send({ nal: key(), picture: 0 });
    for (let number = 1; number < 5; number += 1) send({ nal: delta(number), picture: 0 });
    assert.equal(units.length, 4);
  });

  test('with one slice a picture, a slow camera is not waited for', LIMIT, () => {
    const { send, units, wait } = camera();
    send({ nal: key(), picture: 0 });
    for (let picture = 1; picture <= 12; picture += 1) {
      wait(1000);
      send({ nal: delta(picture), picture });
    }
    assert.equal(units.length, 12);
    wait(QUIET_MS);
    assert.equal(units.length, 13);
  });

  test('with several slices a picture, quiet completes nothing', LIMIT, () => {
    const { send, units, wait } = camera();
    send({ nal: key(), picture: 0 });
    for (let picture = 1; picture <= 20; picture += 1) {
      send({ nal: delta(picture), picture });
      wait(10_000);
      send({ nal: delta(picture, 150), picture });
      wait(10_000);
    }
    assert.equal(units.length, 20);
    units.slice(1).forEach(({ data }, index) => {
      assert.deepEqual(Buffer.from(data), annexB([delta(index + 1), delta(index + 1, 150)]));
    });
  });
});

describe('cameras that set the marker on each slice', () => {
  test('no picture is torn, not even the first, and the pictures wait for the next one', LIMIT, () => {
    const { send, units, problems, wait } = camera();
    send({ nal: key(), picture: 0, marker: true });
    wait(SETTLE_MS - 2);
    send({ nal: slice({ idr: true, firstMacroblock: 150 }), picture: 0, marker: true });
    wait(1000);
    for (let picture = 1; picture < 20; picture += 1) {
      send({ nal: delta(picture), picture, marker: true });
      wait(30);
      send({ nal: delta(picture, 150), picture, marker: true });
      wait(30);
    }
    assert.equal(units.length, 19);
    const [first, ...others] = units;
    assert.deepEqual(
      Buffer.from(first?.data ?? []),
      annexB([...SETS, key(), slice({ idr: true, firstMacroblock: 150 })]),
    );
    others.forEach(({ data }, index) => {
      assert.deepEqual(Buffer.from(data), annexB([delta(index + 1), delta(index + 1, 150)]));
    });
    assert.deepEqual(problems, [{ kind: 'untrue_markers' }]);
  });

  test('where trust came too early, nothing that depends on the torn picture follows', LIMIT, () => {
    const { send, units, problems, receiver } = camera();
    send({ nal: key(), picture: 0, marker: true });
    for (let picture = 1; picture < 6; picture += 1) send({ nal: delta(picture), picture, marker: true });
    send({ nal: delta(6), picture: 6, marker: true });
    send({ nal: delta(6, 150), picture: 6, marker: true });
    assert.equal(units.length, 7);
    for (let picture = 7; picture < 10; picture += 1) send({ nal: delta(picture), picture, marker: true });
    assert.equal(units.length, 7);
    assert.equal(receiver.statistics.dependentUnits, 2);
    send({ nal: key(3), picture: 10 });
    send({ nal: delta(1), picture: 11 });
    assert.equal(units.length, 8);
    assert.deepEqual(problems, [{ kind: 'untrue_markers' }]);
  });
});

describe('markers where no picture ends', () => {
  /** As a Reolink RLC-822A sends it. */
  test('on a parameter set, whose timestamp is the picture before, they end nothing', LIMIT, () => {
    const { send, units, problems } = camera();
    for (let group = 0; group < 5; group += 1) {
      const picture = group * 3;
      send({ nal: SETS[0] ?? key(), picture: picture - 1, marker: true });
      send({ nal: SETS[1] ?? key(), picture: picture - 1 });
      send({ nal: key(group), picture, marker: true });
      send({ nal: delta(1), picture: picture + 1, marker: true });
      send({ nal: delta(2), picture: picture + 2, marker: true });
    }
    assert.equal(units.length, 15);
    assert.deepEqual(Buffer.from(units[12]?.data ?? []), annexB([...SETS, key(4)]));
    assert.deepEqual(problems, []);
  });

  test('in the middle of fragments they end nothing', LIMIT, () => {
    const { send, units } = camera();
    const whole = slice({ idr: true, bytes: 300 });
    const fragment = (from: number, to: number, bits: number): Uint8Array =>
      Uint8Array.from([0x7c, bits | 5, ...whole.subarray(from, to)]);
    send({ nal: fragment(1, 100, 0x80), picture: 0, marker: true });
    send({ nal: fragment(100, 200, 0), picture: 0, marker: true });
    send({ nal: fragment(200, whole.length, 0x40), picture: 0, marker: true });
    send({ nal: delta(1), picture: 1, marker: true });
    assert.deepEqual(Buffer.from(units[0]?.data ?? []), annexB([...SETS, whole]));
  });
});

describe('interlaced pictures', () => {
  const FIELDS = [sps({ interlaced: true }), pps()];
  test('both fields come as one unit, with one marker or two, with one timestamp or two', LIMIT, () => {
    for (const [markFirst, apart] of [
      [false, 0],
      [true, 0],
      [true, 1],
    ] as const) {
      const { send, units } = camera();
      const field = (number: number, bottom: boolean): Uint8Array =>
        slice({
          idr: number === 0 && !bottom,
          frameNum: number,
          field: bottom ? 'bottom' : 'top',
          seed: number,
        });
      send({ nal: FIELDS[0] ?? key(), picture: 0 });
      for (let number = 0; number < 6; number += 1) {
        send({ nal: field(number, false), picture: number * 2, marker: markFirst });
        send({ nal: field(number, true), picture: number * 2 + apart, marker: true });
      }
      assert.ok(units.length >= 5);
      units.slice(1).forEach(({ data, format }, index) => {
        assert.deepEqual(Buffer.from(data), annexB([field(index + 1, false), field(index + 1, true)]));
        assert.equal(format.interlaced, true);
      });
    }
  });

  test('a frame with one field lost is left out', LIMIT, () => {
    const received = receiving({ track: track('h264', { parameterSets: FIELDS }) });
    const nals = [0, 1, 2, 3, 4].flatMap((number) => [
      slice({ idr: number === 0, frameNum: number, field: 'top' }),
      slice({ frameNum: number, field: 'bottom' }),
    ]);
    nals.forEach((payload, index) => {
      if (index === 7) return;
      received.receiver.receive(
        rtp({ payload, timestamp: (index >> 1) * 3600, marker: true }, index),
        START + index,
      );
    });
    received.receiver.tick(START + 1000);
    assert.equal(received.units.length, 3);
    assert.deepEqual(received.receiver.statistics.damagedUnits, 1);
  });
});
