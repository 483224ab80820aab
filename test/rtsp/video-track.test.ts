import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseSessionDescription } from '../../src/rtsp/messages/session-description.js';
import { videoTracks, whyNoVideo } from '../../src/rtsp/messages/video-track.js';

const timeout = 30_000;

const tracks = (...lines: string[]) => videoTracks(parseSessionDescription(lines.join('\r\n')));
const h264 = (fmtp: string) =>
  tracks('m=video 0 RTP/AVP 96', 'a=rtpmap:96 H264/90000', `a=fmtp:96 packetization-mode=1;${fmtp}`)[0]?.rtp;
const hex = (sets: readonly Uint8Array[] | undefined): string[] | undefined =>
  sets?.map((set) => Buffer.from(set).toString('hex'));

for (const [what, fmtp, sets] of [
  ['both sets', 'sprop-parameter-sets=Z00AH42N,aO44gA==', ['674d001f8d8d', '68ee3880']],
  ['no PPS behind the comma (Hikvision)', 'sprop-parameter-sets=Z00AH42N,', ['674d001f8d8d']],
  ['a third set (VLC)', 'sprop-parameter-sets=Z00A,aO44,;', ['674d00', '68ee38']],
  ['nothing behind the equals sign', 'sprop-parameter-sets=', []],
  ['no sets', 'profile-level-id=640032', []],
] as const) {
  test(`H.264 parameter sets are read with ${what}`, { timeout }, () => {
    assert.deepEqual(hex(h264(fmtp)?.parameterSets), sets);
  });
}

test('H.265 parameter sets come from their three parameters', { timeout }, () => {
  const [track] = tracks(
    'm=video 0 RTP/AVP 98',
    'a=rtpmap:98 hevc/90000',
    'a=fmtp:98 sprop-pps=RAHB; sprop-vps=QAEM;sprop-sps=QgEC;sprop-max-don-diff=1',
  );
  assert.equal(track?.rtp.codec, 'h265');
  assert.deepEqual(hex(track.rtp.parameterSets), ['40010c', '420102', '4401c1']);
  assert.equal(track.rtp.hasDecodingOrderNumbers, true);
});

test('MPEG-4 has its configuration in hex', { timeout }, () => {
  const [track] = tracks(
    'm=video 0 RTP/AVP 96',
    'a=rtpmap:96 MP4V-ES/90000',
    'a=fmtp:96 profile-level-id=1;config=000001B001',
  );
  assert.deepEqual(hex(track?.rtp.parameterSets), ['000001b001']);
});

for (const line of ['a=framesize:26 2560-1440', 'a=x-dimensions:2560,1440'])
  test(`JPEG above 2040 pixels has its size from ${line}`, { timeout }, () => {
    const [track] = tracks('m=video 0 RTP/AVP 26', line);
    assert.deepEqual(track?.rtp, {
      codec: 'jpeg',
      payloadType: 26,
      clockRate: 90_000,
      parameterSets: [],
      frameSize: { width: 2560, height: 1440 },
    });
  });

test('of several formats of a section the first that can be decoded is taken', { timeout }, () => {
  const [track] = tracks(
    'm=video 0 RTP/AVP 95 97 96',
    'a=rtpmap:95 VP8/90000',
    'a=rtpmap:96 H265/90000',
    'a=rtpmap:97 H264/90000',
  );
  assert.equal(track?.rtp.payloadType, 97);
});

for (const [lines, reason] of [
  [['m=audio 0 RTP/AVP 0'], /no video, only audio PCMU/],
  [['m=video 0 RTP/AVP 33'], /video MP2T: not H264/],
  [['m=video 0 RTP/SAVPF 96', 'a=rtpmap:96 H264/90000'], /encrypted \(SRTP\)/],
  [['m=video 0 RTP/AVP 96', 'a=rtpmap:96 H264/90000', 'a=fmtp:96 packetization-mode=2'], /interleaved mode/],
] as const)
  test(`${lines.join(', ')} is no video, and says why`, { timeout }, () => {
    const description = parseSessionDescription(lines.join('\n'));
    assert.deepEqual(videoTracks(description), []);
    assert.match(whyNoVideo(description), reason);
  });
