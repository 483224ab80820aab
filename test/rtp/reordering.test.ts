import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { UDP_REORDER_WINDOW } from '../../src/rtp/packet-order.js';
import { nalUnits } from '../../src/video/annex-b.js';
import { CHOSEN_FFMPEG } from '../support/ffmpegs.js';
import { numbered } from './packetise.js';
import { encodeUnits, feed, packetise, receiving, track, type Received } from './streams.js';

/** Real pictures over UDP, in any order that the window allows. */

const LIMIT = { timeout: 60_000 };

const units = encodeUnits('h264', CHOSEN_FFMPEG.path, {
  source: 'testsrc2=size=160x120:rate=25',
  options: ['-c:v', 'libx264', '-preset', 'veryfast', '-x264-params', 'aud=1:keyint=8:slices=4:bframes=0'],
  format: 'h264',
  frames: 24,
});
const slices = numbered(packetise(units, { codec: 'h264', mtu: 300 }));

const over = (packets: readonly Uint8Array[], keepDamaged = false): Received => {
  const received = receiving({ track: track('h264'), reorder: UDP_REORDER_WINDOW, keepDamaged });
  feed(received, packets);
  return received;
};

const bytes = ({ units: got }: Received): string[] =>
  got.map(({ data }) => Buffer.from(data).toString('base64'));

describe('access units over UDP', () => {
  const whole = bytes(over(slices));

  test('are the same in any order, cut and doubling that the window allows', LIMIT, () => {
    assert.equal(whole.length, 24);
    const delay = fc.array(fc.integer({ min: 0, max: 9 }), {
      minLength: slices.length,
      maxLength: slices.length,
    });
    fc.assert(
      fc.property(delay, fc.integer({ min: 150, max: 2000 }), fc.boolean(), (delays, mtu, twice) => {
        const packets = numbered(packetise(units, { codec: 'h264', mtu }));
        const [first = Buffer.alloc(0), ...others] = packets;
        const sent = others.map((packet, index) => ({ packet, at: index + (delays[index] ?? 0) }));
        sent.sort((one, other) => one.at - other.at);
        const order = sent.flatMap(({ packet }, index) =>
          twice && index % 5 === 0 ? [packet, packet] : [packet],
        );
        assert.deepEqual(bytes(over([first, ...order])), whole);
      }),
      { numRuns: 60 },
    );
  });

  test('with keepDamaged hold the slices that came, and are marked', LIMIT, () => {
    const lost = Math.floor(slices.length / 2);
    const { units: got, receiver } = over(
      slices.filter((_, index) => index !== lost),
      true,
    );
    assert.equal(got.length, 24);
    assert.equal(receiver.statistics.damagedUnits, 1);
    const damaged = got.filter((unit) => unit.damaged);
    const slicesOf = (data: Uint8Array): number =>
      [...nalUnits(data)].filter((nal) => ((nal[0] ?? 0) & 31) <= 5).length;
    assert.equal(slicesOf(damaged[0]?.data ?? new Uint8Array(0)), 3);
    // Those that depend on it, up to the next key picture.
    assert.ok(damaged.length > 1 && damaged.length <= 8);
    assert.ok(damaged.every(({ randomAccess }) => randomAccess === 'none'));
  });
});
