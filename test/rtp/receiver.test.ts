import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { UDP_REORDER_WINDOW } from '../../src/rtp/packet-order.js';
import { emptyPacket, parseRtpPacket } from '../../src/rtp/rtp-packet.js';
import { MAX_PACKETS_WITHOUT_UNIT } from '../../src/rtp/rtp-receiver.js';
import { rtp, STREAM } from './packetise.js';
import { feed, receiving, START, track, type Received } from './streams.js';
import { pps, slice, sps } from './synthetic.js';

const LIMIT = { timeout: 20_000 };
const SETS = [sps(), pps()];

const onH264 = (over: 'tcp' | 'udp'): Received =>
  receiving({
    track: track('h264', { parameterSets: SETS }),
    reorder: over === 'tcp' ? null : UDP_REORDER_WINDOW,
  });

/** A picture in one packet; every tenth is a key picture. */
const picture = (number: number, stream = STREAM, sequence = number): Buffer =>
  rtp(
    {
      payload: slice({ idr: number % 10 === 0, frameNum: number % 10, seed: number }),
      timestamp: 1000 + number * 3600,
      marker: true,
    },
    sequence,
    stream,
  );

const pictures = (from: number, count: number, stream = STREAM, sequence = from): Buffer[] =>
  Array.from({ length: count }, (_, index) => picture(from + index, stream, sequence + index));

describe('RTP packets', () => {
  test('CSRCs, extension and padding are passed over', LIMIT, () => {
    const header = rtp({ payload: Buffer.alloc(0), timestamp: 7, marker: true }, 9);
    header[0] = 0x80 | 0x20 | 0x10 | 2;
    const rest = Buffer.from('0000000100000002abac0001deadbeef0102030000000004', 'hex');
    const packet = emptyPacket();
    assert.ok(parseRtpPacket(Buffer.concat([header, rest]), packet));
    assert.deepEqual([...packet.data.subarray(packet.start, packet.end)], [1, 2, 3, 0]);
    assert.equal(packet.extensionProfile, 0xabac);
    assert.deepEqual(
      [...packet.data.subarray(packet.extensionStart, packet.extensionEnd)],
      [0xde, 0xad, 0xbe, 0xef],
    );
    assert.deepEqual(
      [packet.sequence, packet.timestamp, packet.marker, packet.ssrc],
      [9, 7, true, STREAM.ssrc],
    );
  });

  test('what contradicts itself is no packet', LIMIT, () => {
    const packet = emptyPacket();
    const whole = rtp({ payload: Buffer.alloc(4, 9), timestamp: 7, marker: true }, 9);
    const changed = (at: number, value: number): Buffer => {
      const copy = Buffer.from(whole);
      copy[at] = value;
      return copy;
    };
    assert.equal(parseRtpPacket(whole, packet), true);
    assert.equal(parseRtpPacket(whole.subarray(0, 11), packet), false);
    assert.equal(parseRtpPacket(changed(0, 0x40), packet), false, 'version');
    assert.equal(parseRtpPacket(changed(0, 0x8f), packet), false, 'CSRCs');
    assert.equal(parseRtpPacket(changed(0, 0x90), packet), false, 'extension');
    assert.equal(parseRtpPacket(changed(0, 0xa0), packet), false, 'padding');
    const unpadded = Buffer.concat([changed(0, 0xa0).subarray(0, 12), Buffer.alloc(1)]);
    assert.equal(parseRtpPacket(unpadded, packet), false, 'padding of 0');
  });
});

describe('sources', () => {
  const OTHER = { ...STREAM, ssrc: 0xbeef };

  test('over UDP a stray packet of another source is ignored and counted', LIMIT, () => {
    const received = onH264('udp');
    const packets = pictures(0, 8);
    packets.splice(4, 0, picture(3, OTHER, 777));
    feed(received, packets);
    assert.equal(received.units.length, 8);
    assert.equal(received.receiver.statistics.foreign, 1);
  });

  for (const over of ['udp', 'tcp'] as const) {
    test(`over ${over} a new source is followed from its first packet on`, LIMIT, () => {
      const received = onH264(over);
      feed(received, [...pictures(0, 6), ...pictures(20, 6, OTHER, 9000)]);
      assert.equal(received.units.length, 12);
      assert.equal(received.receiver.statistics.restarts, 1);
      assert.equal(received.receiver.statistics.lost, 0);
      assert.equal(received.receiver.statistics.foreign, 0);
      // The new clock continues the old one by the time between the packets.
      const times = received.units.map(({ mediaTimeMs }) => mediaTimeMs);
      assert.equal(times[6], 5 * 40 + 1);
      assert.equal(times[7], 5 * 40 + 1 + 40);
    });

    test(`over ${over} a new source that begins without a key picture waits for one`, LIMIT, () => {
      const received = onH264(over);
      feed(received, [...pictures(0, 6), ...pictures(25, 10, OTHER, 9000)]);
      assert.equal(received.units.length, 6 + 5);
      assert.equal(received.units[6]?.randomAccess, 'key');
    });
  }

  test('other payload types are no part of the stream, and are told where nothing else comes', LIMIT, () => {
    const received = onH264('tcp');
    const other = { ...STREAM, payloadType: 97 };
    feed(received, [...pictures(0, 3), ...pictures(0, 100, other)]);
    assert.deepEqual([received.units.length, received.problems.length], [3, 0]);
    const silent = onH264('tcp');
    feed(silent, pictures(0, 100, other));
    assert.deepEqual(silent.problems, [{ kind: 'wrong_payload_type', expected: 96, found: 97 }]);
    assert.equal(silent.receiver.statistics.foreign, 100);
  });
});

describe('over UDP', () => {
  test('pictures out of order are put in place, and counted', LIMIT, () => {
    const received = onH264('udp');
    const [first = picture(0), ...others] = pictures(0, 30);
    const swapped = others.map((packet, index) => others[index ^ 1] ?? packet);
    feed(received, [first, ...swapped]);
    assert.equal(received.units.length, 30);
    const { lost, reordered } = received.receiver.statistics;
    assert.deepEqual([lost, reordered], [0, 14]);
    const stamps = received.units.map(({ mediaTimeMs }) => mediaTimeMs);
    assert.deepEqual(
      stamps,
      stamps.map((_, index) => index * 40),
    );
  });

  test('a lost picture costs those up to the next key picture', LIMIT, () => {
    const received = onH264('udp');
    feed(
      received,
      pictures(0, 30).filter((_, index) => index !== 14),
    );
    assert.equal(received.units.length, 24);
    const { lost, dependentUnits, damagedUnits } = received.receiver.statistics;
    assert.deepEqual([lost, dependentUnits, damagedUnits], [1, 5, 0]);
    const anew = received.units.filter(({ discontinuity }) => discontinuity);
    assert.deepEqual(
      anew.map(({ mediaTimeMs }) => mediaTimeMs),
      [0, 20 * 40],
    );
  });

  test('with keepDamaged they come, marked', LIMIT, () => {
    const received = receiving({ track: track('h264', { parameterSets: SETS }), keepDamaged: true });
    feed(
      received,
      pictures(0, 30).filter((_, index) => index !== 14),
    );
    assert.equal(received.units.length, 29);
    assert.equal(received.units.filter(({ damaged }) => damaged).length, 5);
    assert.equal(received.receiver.statistics.dependentUnits, 0);
  });
});

describe('streams that cannot be begun', () => {
  test('without parameter sets that is told after a while', LIMIT, () => {
    const received = receiving({ track: track('h264') });
    feed(received, pictures(0, MAX_PACKETS_WITHOUT_UNIT + 10));
    assert.deepEqual(received.units, []);
    assert.deepEqual(
      received.problems.map(({ kind }) => kind),
      ['bad_data'],
    );
  });

  test('parameter sets that cannot be read are told', LIMIT, () => {
    const broken = Uint8Array.of(0x67, 77, 0, 30, 0, 0, 0);
    const received = receiving({ track: track('h264', { parameterSets: [broken, pps()] }) });
    feed(received, pictures(0, 20));
    assert.deepEqual(received.problems, [{ kind: 'unreadable_description', what: 'H.264 SPS: truncated' }]);
  });

  test('it begins with the first key picture', LIMIT, () => {
    const received = onH264('tcp');
    feed(received, pictures(4, 20));
    assert.equal(received.units.length, 14);
    assert.equal(received.units[0]?.mediaTimeMs, 6 * 40);
  });
});

describe('times', () => {
  test('a unit tells when its first and its last packet came', LIMIT, () => {
    const received = onH264('tcp');
    const { receiver, units } = received;
    receiver.receive(rtp({ payload: slice({ idr: true }), timestamp: 0, marker: false }, 1), START + 0.25);
    receiver.receive(
      rtp({ payload: slice({ idr: true, firstMacroblock: 9 }), timestamp: 0, marker: true }, 2),
      START + 7.5,
    );
    assert.deepEqual([units[0]?.firstArrivedAt, units[0]?.arrivedAt], [START + 0.25, START + 7.5]);
  });
});
