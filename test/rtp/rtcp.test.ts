import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { parseRtcp } from '../../src/rtp/rtcp.js';
import { rtp, STREAM } from './packetise.js';
import { receiving, START, track } from './streams.js';
import { pps, slice, sps } from './synthetic.js';

const LIMIT = { timeout: 20_000 };
const NTP_OFFSET_S = 2_208_988_800;

function senderReport(ssrc: number, wallMs: number, rtpTimestamp: number): Buffer {
  const packet = Buffer.alloc(28);
  packet.set([0x80, 200, 0, 6]);
  packet.writeUInt32BE(ssrc, 4);
  packet.writeUInt32BE(Math.floor(wallMs / 1000) + NTP_OFFSET_S, 8);
  packet.writeUInt32BE(Math.floor(((wallMs % 1000) / 1000) * 2 ** 32), 12);
  packet.writeUInt32BE(rtpTimestamp, 16);
  return packet;
}

const bye = (ssrc: number): Buffer => {
  const packet = Buffer.from([0x81, 203, 0, 1, 0, 0, 0, 0]);
  packet.writeUInt32BE(ssrc, 4);
  return packet;
};

const receiver = (): ReturnType<typeof receiving> =>
  receiving({ track: track('h264', { parameterSets: [sps(), pps()] }), ownSsrc: 0xaabbccdd, cname: 'abc' });

const picture = (sequence: number, timestamp: number): Buffer =>
  rtp({ payload: slice({ idr: true }), timestamp, marker: true }, sequence);

describe('receiver reports', () => {
  test('there is none before the first packet', LIMIT, () => {
    const { receiver: nothing } = receiver();
    assert.equal(nothing.report(START), null);
    assert.equal(nothing.goodbye(START), null);
  });

  test('tell loss, highest number, jitter and the last sender report', LIMIT, () => {
    const { receiver: rtpReceiver } = receiver();
    for (const [index, sequence] of [65_534, 65_535, 1, 2].entries()) {
      rtpReceiver.receive(picture(sequence, sequence * 3600), START + index * 40);
    }
    rtpReceiver.receiveRtcp(senderReport(STREAM.ssrc, START + 500, 3600), START + 1000);
    const report = Buffer.from(rtpReceiver.report(START + 1500) ?? []);
    assert.deepEqual([...report.subarray(0, 4)], [0x81, 201, 0, 7]);
    assert.equal(report.readUInt32BE(4), 0xaabbccdd);
    assert.equal(report.readUInt32BE(8), STREAM.ssrc);
    // Five expected, one lost: 51 of 256.
    assert.equal(report[12], 51);
    assert.equal(report.readIntBE(13, 3), 1);
    assert.equal(report.readUInt32BE(16), 0x10002);
    const seconds = Math.floor((START + 500) / 1000) + NTP_OFFSET_S;
    assert.equal(report.readUInt32BE(24), (((seconds & 0xffff) << 16) | 0x8000) >>> 0);
    assert.equal(report.readUInt32BE(28), 32_768);
    const description = report.subarray(32);
    assert.deepEqual(
      [...description],
      [0x81, 202, 0, 3, 0xaa, 0xbb, 0xcc, 0xdd, 1, 3, 0x61, 0x62, 0x63, 0, 0, 0],
    );
  });

  test('the fraction is of the time since the report before', LIMIT, () => {
    const { receiver: rtpReceiver } = receiver();
    for (const sequence of [0, 2, 4])
      rtpReceiver.receive(picture(sequence, sequence * 3600), START + sequence);
    assert.equal(rtpReceiver.report(START)?.[12], Math.floor((2 * 256) / 5));
    for (const sequence of [5, 6, 7])
      rtpReceiver.receive(picture(sequence, sequence * 3600), START + sequence);
    const second = Buffer.from(rtpReceiver.report(START) ?? []);
    assert.equal(second[12], 0);
    assert.equal(second.readIntBE(13, 3), 2);
  });

  test('jitter follows RFC 3550, A.8', LIMIT, () => {
    const { receiver: rtpReceiver } = receiver();
    let expected = 0;
    for (let index = 0; index < 50; index += 1) {
      const late = index % 2 === 0 ? 0 : 10;
      rtpReceiver.receive(picture(index, index * 3600), START + index * 40 + late);
      if (index > 0) expected += (900 - expected) / 16;
    }
    const jitter = Buffer.from(rtpReceiver.report(START) ?? []).readUInt32BE(20);
    assert.ok(Math.abs(jitter - expected) <= 2, `${jitter} against ${expected}`);
  });

  test('the last one says BYE', LIMIT, () => {
    const { receiver: rtpReceiver } = receiver();
    rtpReceiver.receive(picture(1, 0), START);
    const report = Buffer.from(rtpReceiver.goodbye(START) ?? []);
    assert.deepEqual(parseRtcp(report)?.bye, [0xaabbccdd]);
    assert.deepEqual([...report.subarray(-8)], [0x81, 203, 0, 1, 0xaa, 0xbb, 0xcc, 0xdd]);
  });
});

describe('what the camera reports', () => {
  test('a sender report dates pictures by the camera clock', LIMIT, () => {
    const { receiver: rtpReceiver, units } = receiver();
    rtpReceiver.receive(picture(1, 2 ** 32 - 3600), START);
    rtpReceiver.receive(picture(2, 0), START + 40);
    assert.equal(rtpReceiver.senderTime(0), null);
    rtpReceiver.receiveRtcp(senderReport(STREAM.ssrc, START - 5000, 3600), START + 50);
    rtpReceiver.tick(START + 100);
    assert.equal(units.length, 2);
    for (const { mediaTimeMs } of units) {
      const time = rtpReceiver.senderTime(mediaTimeMs) ?? 0;
      assert.ok(Math.abs(time - (START - 5000 - 80 + mediaTimeMs)) < 0.01, String(time));
    }
  });

  test('BYE of this source ends the stream, of another it does not', LIMIT, () => {
    const received = receiver();
    received.receiver.receive(picture(1, 0), START);
    received.receiver.receiveRtcp(bye(77), START);
    assert.equal(received.byes, 0);
    received.receiver.receiveRtcp(
      Buffer.concat([senderReport(STREAM.ssrc, START, 0), bye(STREAM.ssrc)]),
      START,
    );
    assert.equal(received.byes, 1);
  });

  test('random bytes are read within their bounds', LIMIT, () => {
    const head = fc.constantFrom([], [0x80, 200, 0, 6], [0x9f, 203, 0, 2], [0x81, 202, 0xff, 0xff]);
    fc.assert(
      fc.property(head, fc.uint8Array({ maxLength: 80 }), (start, rest) => {
        const content = parseRtcp(Uint8Array.from([...start, ...rest]));
        assert.ok(content === null || content.bye.length <= 20 * 31);
      }),
      { numRuns: 3000 },
    );
  });
});
