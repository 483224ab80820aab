import assert from 'node:assert/strict';
import { test } from 'node:test';
import { namesAnotherHost, parseTransport, transportText } from '../../src/rtsp/messages/transport-header.js';

const timeout = 30_000;
const TCP = { kind: 'tcp', channel: 0 } as const;
const UDP = { kind: 'udp', rtpPort: 5000 } as const;

test('offers are those of RFC 2326, 12.39', { timeout }, () => {
  assert.equal(transportText(TCP), 'RTP/AVP/TCP;unicast;interleaved=0-1');
  assert.equal(transportText(UDP), 'RTP/AVP;unicast;client_port=5000-5001');
});

for (const [what, header, channels] of [
  ['as asked', 'RTP/AVP/TCP;unicast;interleaved=0-1', [0, 1]],
  ['other channels than asked', 'RTP/AVP/TCP;unicast;interleaved=4-5;ssrc=0A1b', [4, 5]],
  ['one channel alone', 'RTP/AVP/TCP; unicast; interleaved=6', [6, 7]],
  ['no channels', 'RTP/AVP/TCP;unicast', [0, 1]],
  ['no header', null, [0, 1]],
  ['an empty header', '', [0, 1]],
  ['no /TCP', 'RTP/AVP;unicast;interleaved=2-3', [2, 3]],
  ['channels out of range', 'RTP/AVP/TCP;interleaved=300-301', [0, 1]],
  ['a source, which means nothing in TCP', 'RTP/AVP/TCP;unicast;source=10.0.0.9;interleaved=0-1', [0, 1]],
] as const) {
  test(`a TCP answer with ${what} is understood`, { timeout }, () => {
    const transport = parseTransport(header, TCP);
    assert.ok(transport.kind === 'tcp');
    assert.deepEqual([transport.channel, transport.rtcpChannel], channels);
  });
}

for (const [what, header, ports, source] of [
  ['ports', 'RTP/AVP;unicast;client_port=5000-5001;server_port=6970-6971', [6970, 6971], null],
  ['one port', 'RTP/AVP/UDP;unicast;server_port=6970', [6970, 6971], null],
  ['no ports', 'RTP/AVP/UDP; unicast; client_port=5000-5001', [null, null], null],
  ['ports 0-1, which stand for none', 'RTP/AVP/UDP;unicast;server_port=0-1;ssrc=4317f', [null, null], null],
  ['a source', 'RTP/AVP;source=192.0.2.7;server_port=1-2', [1, 2], '192.0.2.7'],
  ['no source in particular', 'RTP/AVP;source=0.0.0.0;server_port=1-2', [1, 2], null],
  ['a port that is none', 'RTP/AVP;server_port=70000-70001', [null, null], null],
  ['no header', null, [null, null], null],
] as const) {
  test(`a UDP answer with ${what} is understood`, { timeout }, () => {
    const transport = parseTransport(header, UDP);
    assert.ok(transport.kind === 'udp');
    assert.deepEqual([transport.rtpPort, transport.rtcpPort], ports);
    assert.equal(transport.source, source);
  });
}

test('TCP in answer to UDP is taken, UDP in answer to TCP and multicast are not', { timeout }, () => {
  assert.equal(parseTransport('RTP/AVP/TCP;interleaved=0-1', UDP).kind, 'tcp');
  assert.equal(parseTransport('RTP/AVP;unicast;server_port=1-2', TCP).kind, 'other');
  assert.equal(parseTransport('RTP/AVP;multicast;destination=239.0.0.1;port=5000-5001', UDP).kind, 'other');
});

test('ssrc is read as hex', { timeout }, () => {
  const transport = parseTransport('RTP/AVP/TCP;interleaved=0-1;ssrc=DEADBEEF', TCP);
  assert.ok(transport.kind === 'tcp');
  assert.equal(transport.ssrc, 0xdeadbeef);
});

test('another host is another address or another name', { timeout }, () => {
  const other = (named: string | null, address = '192.0.2.7'): boolean =>
    namesAnotherHost(named, address, 'Cam.lan');
  for (const same of [
    null,
    '',
    '0.0.0.0',
    '::',
    '192.0.2.7',
    '192.0.2.7/127',
    'cam.LAN',
    '::ffff:192.0.2.7',
    "'&",
  ])
    assert.equal(other(same), false, String(same));
  assert.equal(other('2001:DB8:0::7', '2001:db8::7'), false);
  for (const foreign of ['192.0.2.8', '10.0.0.9', 'evil.example', '2001:db8::8', 'evil'])
    assert.equal(other(foreign), true, foreign);
});
