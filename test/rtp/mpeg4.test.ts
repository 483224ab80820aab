import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { FFMPEGS } from '../support/ffmpegs.js';
import { encode } from '../video/encode.js';
import { pictureHashes, written } from './decode.js';
import { mpeg4Units, packetiseMpeg4 } from './packetise-mpeg4.js';
import { receive, timestampOf, track } from './streams.js';
import type { PacketFields } from './packetise.js';

const LIMIT = { timeout: 60_000 };
const VOP = '000001b6';
const GOV = '000001b3';

const headersOf = (unit: Uint8Array): Buffer => {
  const bytes = Buffer.from(unit);
  const group = bytes.indexOf(GOV, 0, 'hex');
  return bytes.subarray(0, group >= 0 ? group : bytes.indexOf(VOP, 0, 'hex'));
};

for (const ffmpeg of FFMPEGS) {
  describe(`MPEG-4 Visual of ${ffmpeg.name}`, () => {
    const stream = encode(ffmpeg.path, {
      source: 'testsrc2=size=320x240:rate=25',
      options: ['-c:v', 'mpeg4', '-g', '10'],
      format: 'm4v',
      frames: 25,
    });
    const sources = mpeg4Units(stream);

    test('comes out as it went in, with its headers once in front of key pictures', LIMIT, () => {
      const [first = new Uint8Array(0)] = sources;
      const headers = headersOf(first);
      for (const mtu of [200, 1400, 60_000]) {
        const { units, problems, receiver } = receive(
          { track: track('mpeg4') },
          packetiseMpeg4(sources, mtu),
        );
        assert.equal(units.length, sources.length);
        units.forEach(({ data, randomAccess, format }, index) => {
          const source = Buffer.from(sources[index] ?? first);
          const body = source.subarray(headersOf(source).length);
          assert.equal(randomAccess, index % 10 === 0 ? 'key' : 'none');
          assert.deepEqual(Buffer.from(data), randomAccess === 'key' ? Buffer.concat([headers, body]) : body);
          assert.equal(format, units[0]?.format);
        });
        assert.deepEqual([problems, receiver.statistics.damagedUnits], [[], 0]);
        assert.deepEqual(pictureHashes('mpeg4', written('mpeg4', units)), pictureHashes('mpeg4', stream));
      }
    });

    test('headers may come in the SDP alone, or in packets of their own', LIMIT, () => {
      const [first = new Uint8Array(0)] = sources;
      const headers = headersOf(first);
      const bodies = sources.map((unit) => unit.subarray(headersOf(unit).length));
      const told = receive(
        { track: track('mpeg4', { parameterSets: [headers] }) },
        packetiseMpeg4(bodies, 1400),
      );
      assert.equal(told.units.length, 25);
      assert.deepEqual(Buffer.from(told.units[10]?.data ?? []).subarray(0, headers.length), headers);
      for (const marker of [true, false]) {
        for (const apart of [0, 1]) {
          const own: PacketFields = { payload: headers, timestamp: (timestampOf(0) - apart) >>> 0, marker };
          const apartUnits = receive({ track: track('mpeg4') }, [own, ...packetiseMpeg4(bodies, 1400)]).units;
          assert.equal(apartUnits.length, 25, `marker ${marker}, ${apart}`);
        }
      }
    });

    test('B-VOPs are disposable, and cameras without markers are understood', LIMIT, () => {
      const options = ['-c:v', 'mpeg4', '-g', '12', '-bf', '2'];
      const format = 'm4v' as const;
      const units = mpeg4Units(
        encode(ffmpeg.path, { source: 'testsrc2=size=160x120:rate=25', options, format, frames: 24 }),
      );
      const packets = packetiseMpeg4(units, 500).map((packet) => ({ ...packet, marker: false }));
      const received = receive({ track: track('mpeg4') }, packets);
      assert.equal(received.units.length, units.length - 1);
      const isB = (data: Uint8Array): boolean => {
        const bytes = Buffer.from(data);
        return (bytes[bytes.indexOf(VOP, 0, 'hex') + 4] ?? 0) >> 6 === 2;
      };
      assert.ok(received.units.some(({ disposable }) => disposable));
      for (const { data, disposable } of received.units) assert.equal(disposable, isB(data));
    });
  });
}
