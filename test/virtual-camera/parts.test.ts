import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import test from 'node:test';
import { accessUnits, splitNals } from '../../bench/virtual-camera/annexb.js';
import { accepts, challenge, REALM } from '../../bench/virtual-camera/auth.js';
import { HELP, parseCommandLine, toArguments } from '../../bench/virtual-camera/command-line.js';
import { parseFault } from '../../bench/virtual-camera/faults.js';
import { completeOptions } from '../../bench/virtual-camera/options.js';
import { OptionsError } from '../../bench/virtual-camera/parse.js';
import { packetise, packetsOf, senderReport, stamp } from '../../bench/virtual-camera/rtp.js';
import { RtspParser } from '../../bench/virtual-camera/rtsp-parser.js';
import { parseTransport } from '../../bench/virtual-camera/rtsp-transport.js';
import { headerOf } from '../../src/rtsp/messages/message-syntax.js';
import { sessionDescription } from '../../bench/virtual-camera/sdp.js';
import { SentLog } from '../../bench/virtual-camera/sent-log.js';
import { MAX_BACKLOG, Viewer } from '../../bench/virtual-camera/viewer.js';
import { depacketise } from './support.js';

const timeout = 30_000;
const nal = (type: number, length: number): Buffer =>
  Buffer.from(Array.from({ length }, (_, i) => (i === 0 ? 0x60 | type : 1 + (i % 250))));

test('NAL units of every length come back from their RTP packets, at every payload size', { timeout }, () => {
  for (const maxPayload of [3, 4, 10, 100, 1400]) {
    for (const length of [1, 2, 3, 4, 5, 9, 10, 11, 99, 100, 101, 1399, 1400, 1401, 5000]) {
      const nals = [nal(7, 9), nal(5, length)];
      const template = packetise(nals, maxPayload);
      const bytes = stamp(template, { channel: 0, sequence: 65_530, timestamp: 2 ** 32 + 5, ssrc: 77 });
      const framed = packetsOf(template.offsets, bytes);
      const packets = framed.map((packet) => packet.subarray(4));
      assert.ok(framed.every((packet) => packet.readUInt16BE(2) === packet.length - 4));
      assert.ok(packets.every((packet) => packet.length - 12 <= maxPayload));
      assert.deepEqual(depacketise(packets), nals);
    }
  }
});

test('RTP headers count on over 2^16 and 2^32, and only the last packet has the marker', { timeout }, () => {
  const template = packetise([nal(5, 5000)], 1000);
  const values = { channel: 4, sequence: 65_534, timestamp: 2 ** 32 + 5, ssrc: 0xdeadbeef };
  const framed = packetsOf(template.offsets, stamp(template, values));
  assert.deepEqual(
    framed.map((packet) => packet.readUInt16BE(6)),
    [65_534, 65_535, 0, 1, 2, 3],
  );
  for (const [i, packet] of framed.entries()) {
    assert.equal(packet[0], 0x24);
    assert.equal(packet[1], 4);
    assert.equal((packet[5] ?? 0) >> 7, i === framed.length - 1 ? 1 : 0);
    assert.equal(packet.readUInt32BE(8), 5);
    assert.equal(packet.readUInt32BE(12), 0xdeadbeef);
  }
  assert.ok(
    template.bytes.subarray(4).indexOf(Buffer.from('deadbeef', 'hex')) < 0,
    'the template is untouched',
  );
});

test('a sender report is well-formed RTCP and maps RTP time to wall clock', { timeout }, () => {
  const report = senderReport(9, 1_700_000_000_500, 12_345, 3, 400);
  assert.equal(report.length % 4, 0);
  assert.equal(report[1], 200);
  assert.equal(report.readUInt32BE(8), 1_700_000_000 + 2_208_988_800);
  assert.equal(report.readUInt32BE(12), 2 ** 31);
  assert.deepEqual(
    [4, 16, 20, 24].map((at) => report.readUInt32BE(at)),
    [9, 12_345, 3, 400],
  );
  assert.equal(report[29], 202);
  assert.equal(28 + (report.readUInt16BE(30) + 1) * 4, report.length);
});

test(
  'a byte stream is split into pictures with their parameter sets, whatever its start codes',
  { timeout },
  () => {
    const long = Buffer.of(0, 0, 0, 1);
    const short = Buffer.of(0, 0, 1);
    const [sps, pps] = [nal(7, 10), nal(8, 4)];
    const first = (type: number): Buffer => Buffer.of(0x60 | type, 0x88, 5);
    const next = (type: number): Buffer => Buffer.of(0x60 | type, 0x41, 6);
    const stream = Buffer.concat(
      [sps, pps, nal(6, 20), first(5), next(5), nal(9, 2), first(1)].flatMap((unit, i) => [
        i % 2 ? short : long,
        unit,
      ]),
    );
    const units = accessUnits(splitNals(stream));
    assert.deepEqual(
      units.map((unit) => [unit.isKey, ...unit.nals]),
      [
        [true, sps, pps, first(5), next(5)],
        [false, first(1)],
      ],
    );
  },
);

test('the session description carries what a decoder needs before the first packet', { timeout }, () => {
  const sps = Buffer.from('674d401edb', 'hex');
  const sdp = sessionDescription('127.0.0.1', 'cam1', {
    sps,
    pps: Buffer.from('68ef', 'hex'),
    fps: 25,
    bitrate: 500_000,
  });
  assert.match(sdp, /^v=0\r\n/);
  assert.match(sdp, /\r\nm=video 0 RTP\/AVP 96\r\n/);
  assert.match(
    sdp,
    /a=fmtp:96 packetization-mode=1;profile-level-id=4D401E;sprop-parameter-sets=Z01AHts=,aO8=\r\n/,
  );
  assert.match(sdp, /a=framerate:25\r\na=control:trackID=0\r\n$/);
});

test(
  'RTSP requests are read whatever the borders of the chunks, with reports between them',
  { timeout },
  () => {
    const stream = Buffer.concat([
      Buffer.from('OPTIONS rtsp://h/cam1 RTSP/1.0\r\nCSeq: 1\r\n\r\n'),
      Buffer.from([0x24, 1, 0, 3, 9, 9, 9]),
      Buffer.from('SET_PARAMETER rtsp://h/cam1 RTSP/1.0\r\ncseq:2\r\nContent-Length: 4\r\n\r\nab\r\n'),
      Buffer.from('PLAY rtsp://h/cam1 RTSP/1.0\r\nCSeq: 3\r\n\r\n'),
    ]);
    for (let size = 1; size <= stream.length; size++) {
      const parser = new RtspParser();
      const seen: string[] = [];
      for (let at = 0; at < stream.length; at += size) {
        const requests = parser.push(stream.subarray(at, at + size));
        seen.push(...requests.map((request) => `${request.method} ${headerOf(request, 'cseq') ?? ''}`));
      }
      assert.deepEqual(seen, ['OPTIONS 1', 'SET_PARAMETER 2', 'PLAY 3']);
    }
    assert.throws(() => new RtspParser().push(Buffer.from('GET / HTTP/1.1\r\n\r\n')), /not RTSP/);
  },
);

test('of the transports a client offers, the first that can be served is taken', { timeout }, () => {
  const tcp = { kind: 'tcp', channel: 2 };
  assert.deepEqual(parseTransport('RTP/AVP/TCP;unicast;interleaved=2-3'), tcp);
  assert.deepEqual(parseTransport('RTP/AVP;multicast,RTP/AVP/TCP;interleaved=2-3'), tcp);
  const udp = { kind: 'udp', rtpPort: 5000, rtcpPort: 5001 };
  assert.deepEqual(parseTransport('RTP/AVP;unicast;client_port=5000-5001'), udp);
  assert.deepEqual(parseTransport('RTP/AVP/UDP;unicast;client_port=5000'), udp);
  assert.equal(parseTransport('RTP/AVP;unicast;client_port=0-1'), null);
  assert.equal(parseTransport('RTP/SAVP;unicast;client_port=5000-5001'), null);
  assert.equal(parseTransport(''), null);
});

const md5 = (text: string): string => createHash('md5').update(text).digest('hex');

test(
  'Digest answers are proven against user, password, method and nonce, with and without qop',
  { timeout },
  () => {
    // The example of RFC 2617, 3.5, computed with this realm.
    const secret = { user: 'Mufasa', password: 'Circle Of Life' };
    const uri = 'rtsp://127.0.0.1/cam1';
    const one = md5(`Mufasa:${REALM}:Circle Of Life`);
    const two = md5(`DESCRIBE:${uri}`);
    const plain = md5(`${one}:abc:${two}`);
    const qop = md5(`${one}:abc:00000001:0a4f113b:auth:${two}`);
    const base = `Digest username="Mufasa", realm="${REALM}", nonce="abc", uri="${uri}"`;
    const old = `${base}, response="${plain}"`;
    const modern = `${base}, qop=auth, nc=00000001, cnonce="0a4f113b", response="${qop}"`;
    assert.ok(accepts('digest', old, 'DESCRIBE', 'abc', secret));
    assert.ok(accepts('digest-qop', modern, 'DESCRIBE', 'abc', secret));
    assert.ok(!accepts('digest', old, 'SETUP', 'abc', secret));
    assert.ok(!accepts('digest', old, 'DESCRIBE', 'abd', secret));
    assert.ok(!accepts('digest', old, 'DESCRIBE', 'abc', { ...secret, password: 'x' }));
    assert.ok(!accepts('digest', old, 'DESCRIBE', 'abc', { ...secret, user: 'x' }));
    assert.ok(!accepts('digest', modern.replace('nc=00000001', 'nc=00000002'), 'DESCRIBE', 'abc', secret));
    assert.ok(!accepts('digest', undefined, 'DESCRIBE', 'abc', secret));
    assert.match(
      challenge('digest-qop', 'abc'),
      /^Digest realm="virtual-camera", nonce="abc", .*qop="auth"$/,
    );
    assert.doesNotMatch(challenge('digest', 'abc'), /qop/);
  },
);

test('Basic credentials are compared whole', { timeout }, () => {
  const secret = { user: 'admin', password: 'p:w' };
  const header = `Basic ${Buffer.from('admin:p:w').toString('base64')}`;
  assert.ok(accepts('basic', header, 'DESCRIBE', '', secret));
  assert.ok(!accepts('basic', `${header}=`, 'DESCRIBE', '', secret));
  assert.ok(!accepts('basic', header.replace('Basic', 'Digest'), 'DESCRIBE', '', secret));
});

test('the command line of given options gives the same options again', { timeout }, () => {
  const options = completeOptions({
    ...{ count: 3, port: 9000, portsEach: true, width: 320, height: 240, fps: 10, gop: 7, bitrate: 77_000 },
    ...{
      clipFrames: 70,
      pattern: 'smptebars',
      name: 'gate',
      auth: 'digest-qop',
      user: 'u',
      password: '-p=1',
      independent: true,
    },
    ...{ fault: 'redirect:rtsp://127.0.0.1:1/x', controlPort: 9100 },
  } as const);
  assert.deepEqual(parseCommandLine(toArguments(options)).options, options);
  assert.equal(parseCommandLine([]).options.port, 8554);
  for (const name of Object.keys({
    'ports-each': 0,
    'control-port': 0,
    size: 0,
    fault: 0,
    auth: 0,
    gop: 0,
  })) {
    assert.match(HELP, new RegExp(`--${name}`));
  }
});

test('wrong options are refused by name', { timeout }, () => {
  const refused = (args: string[], pattern: RegExp): void => {
    assert.throws(
      () => parseCommandLine(args),
      (error: unknown) => error instanceof OptionsError && pattern.test(error.message),
    );
  };
  refused(['--size', '641x360'], /size/);
  refused(['--size', 'big'], /size/);
  refused(['--count', '0'], /count/);
  refused(['--fps', '1.5'], /fps/);
  refused(['--gop', '10', '--clip-frames', '25'], /clip-frames/);
  refused(['--pattern', 'movie=/etc/passwd'], /pattern/);
  refused(['--auth', 'ntlm'], /auth/);
  refused(['--nonsense'], /nonsense/);
  refused(['--fault', 'nonsense'], /unknown fault/);
});

test('faults are read from text, and what makes no sense is refused', { timeout }, () => {
  assert.deepEqual(parseFault('stall:10'), { kind: 'stall', frames: 10 });
  assert.deepEqual(parseFault('silent-after-play'), { kind: 'stall', frames: 0 });
  assert.deepEqual(parseFault('redirect:rtsp://127.0.0.1:9/x'), {
    kind: 'redirect',
    url: 'rtsp://127.0.0.1:9/x',
  });
  assert.deepEqual(parseFault('resize:640x480'), { kind: 'resize', size: { width: 640, height: 480 } });
  assert.deepEqual(parseFault('trickle'), { kind: 'trickle', bytesPerSecond: 50 });
  for (const bad of [
    '',
    'stall',
    'stall:-1',
    'stall:x',
    'refuse:1',
    'status:200',
    'redirect:',
    'loss:101',
    'toString',
  ]) {
    assert.throws(() => parseFault(bad), OptionsError, bad);
  }
});

test('the log of sent pictures keeps the newest and leaves out what was not sent', { timeout }, () => {
  const log = new SentLog();
  assert.deepEqual(log.from(0), []);
  for (let i = 0; i < 10_000; i++) if (i % 2 === 0) log.record(i, i + 0.5);
  assert.deepEqual(log.from(9_995), [
    [9_996, 9_996.5],
    [9_998, 9_998.5],
  ]);
  assert.equal(log.from(0)[0]?.[0], 5904);
});

test(
  'a viewer whose queue is over the bound gets nothing until a key frame finds it shorter',
  { timeout },
  () => {
    const template = packetise([nal(5, 100)]);
    const sent: number[] = [];
    const sink = {
      ...{ channel: 0, transport: 'tcp' as const, backlog: 0, number: 0 },
      send: () => sent.push(sink.number),
      sendReport: () => undefined,
      sendRaw: () => undefined,
      reset: () => undefined,
    };
    const viewer = new Viewer(sink);
    for (let i = 0; i < 30; i++) {
      sink.number = i;
      sink.backlog = i >= 7 && i < 12 ? MAX_BACKLOG + 1 : 1000;
      const isWhole = viewer.deliver(
        { template, isKey: i % 5 === 0, ticks: i * 3600, epochMs: i * 40 },
        null,
      );
      assert.equal(isWhole, sent.at(-1) === i);
    }
    assert.deepEqual(
      sent,
      Array.from({ length: 30 }, (_, i) => i).filter((i) => i < 7 || i >= 15),
    );
  },
);
