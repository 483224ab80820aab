import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { RtspSyntaxError } from '../../src/rtsp/messages/message-syntax.js';
import { MAX_MEDIA, parseSessionDescription } from '../../src/rtsp/messages/session-description.js';
import { cpuMs } from '../support/cpu-time.js';

const timeout = 30_000;

const LINES = [
  'v=0',
  'o=- 1756288139905180 1 IN IP4 192.168.0.24',
  's=Session streamed by "preview"',
  'c=IN IP4 0.0.0.0',
  't=0 0',
  'a=control:*',
  'm=video 0 RTP/AVP 96 26',
  'a=rtpmap:96 H264/90000',
  'a=fmtp:96 packetization-mode=1;Profile-Level-ID=640033; sprop-parameter-sets=Z2QAM6zoAoALWQ==,aO48MA==;',
  'a=control:trackID=1',
  'm=audio 0 RTP/AVP 97',
  'c=IN IP4 10.0.0.9',
  'a=rtpmap:97 MPEG4-GENERIC/16000',
  'a=control:track2',
];

test('media sections come with their formats, controls and addresses', { timeout }, () => {
  const { control, media } = parseSessionDescription(LINES.join('\r\n'));
  assert.equal(control, '*');
  const [video, audio] = media;
  assert.ok(video && audio);
  assert.deepEqual(
    [video.kind, video.protocol, video.control, video.connection],
    ['video', 'RTP/AVP', 'trackID=1', '0.0.0.0'],
  );
  const [h264, jpeg] = video.formats;
  assert.deepEqual([h264?.payloadType, h264?.encoding, h264?.clockRate], [96, 'H264', 90_000]);
  assert.deepEqual(Object.fromEntries(h264?.parameters ?? []), {
    'packetization-mode': '1',
    'profile-level-id': '640033',
    'sprop-parameter-sets': 'Z2QAM6zoAoALWQ==,aO48MA==',
  });
  assert.deepEqual([jpeg?.payloadType, jpeg?.encoding, jpeg?.clockRate], [26, 'JPEG', 90_000]);
  assert.deepEqual(
    [audio.kind, audio.formats[0]?.encoding, audio.formats[0]?.clockRate, audio.connection],
    ['audio', 'MPEG4-GENERIC', 16_000, '10.0.0.9'],
  );
});

for (const [what, body, kind, encoding, control] of [
  [
    'nothing but a media section',
    'm=video 0 RTP/AVP 96\r\na=rtpmap:96 H264/90000\r\na=control:trackID=0',
    'video',
    'H264',
    'trackID=0',
  ],
  [
    'LF line ends and no end of the last line',
    'v=0\nm=video 0 RTP/AVP 96\na=rtpmap:96 h265/90000',
    'video',
    'H265',
    null,
  ],
  ['CR line ends', 'v=0\rm=video 0 RTP/AVP 26\ra=control:x', 'video', 'JPEG', 'x'],
  [
    'a negative port and a broken address',
    "v=0\nm=video -1353744643 RTP/AVP 96\nc=IN IP4 '&\xff\na=rtpmap:96 H264/90000",
    'video',
    'H264',
    null,
  ],
  [
    'cut c= and o= lines',
    'o=- 1001 1 IN\nm=video 0 RTP/AVP 105\nc=IN\na=control:rtsp://192.168.0.60/media/video1\na=rtpmap:105 H264/90000',
    'video',
    'H264',
    'rtsp://192.168.0.60/media/video1',
  ],
  [
    'a control that is a number',
    'm=video 0 RTP/AVP 96\na=rtpmap:96 H264/90000\na=control:1',
    'video',
    'H264',
    '1',
  ],
  ['doubled blanks', 'm=video  0  RTP/AVP  96\na=rtpmap:96  H264/90000', 'video', 'H264', null],
  ['a codec that is not named', 'm=video 0 RTP/AVP 96', 'video', '', null],
] as const) {
  test(`a camera's description with ${what} is read`, { timeout }, () => {
    const [section] = parseSessionDescription(body).media;
    assert.deepEqual(
      [section?.kind, section?.formats[0]?.encoding, section?.control],
      [kind, encoding, control],
    );
  });
}

test('a media type that nobody knows hides no other', { timeout }, () => {
  const { media } = parseSessionDescription(
    'm=application/TP-LINK 0 RTP/AVP smart/1/90000\na=rtpmap:95 TP-LINK/90000\nm=video 0 RTP/AVP 96\na=rtpmap:96 H264/90000',
  );
  assert.equal(media[1]?.formats[0]?.encoding, 'H264');
});

test('a title cannot hold lines of its own', { timeout }, () => {
  const { control, media } = parseSessionDescription(
    's=cam\rm=video 0 RTP/AVP 96\ra=rtpmap:96 H264/90000\ra=control:rtsp://evil/\r\nm=video 0 RTP/AVP 97\r\na=rtpmap:97 H265/90000\r\n',
  );
  assert.equal(control, null);
  assert.deepEqual(
    media.map(({ formats }) => formats[0]?.encoding),
    ['H265'],
  );
});

test('names of parameters touch no prototype', { timeout }, () => {
  const { media } = parseSessionDescription(
    'm=video 0 RTP/AVP 96\na=rtpmap:96 H264/90000\na=fmtp:96 __proto__=1;constructor=2',
  );
  assert.equal(media[0]?.formats[0]?.parameters.get('__proto__'), '1');
  assert.equal(Object.getPrototypeOf({}), Object.prototype);
});

for (const [what, body, message] of [
  ['no media', 'v=0\r\ns=x\r\n', /no media/],
  ['an empty body', '', /no media/],
  ['20,000 media', 'm=video 0 RTP/AVP 96\r\n'.repeat(20_000), /more than 2000 lines/],
  ['more media than any camera has', 'm=video 0 RTP/AVP 96\r\n'.repeat(MAX_MEDIA + 1), /more than 64 media/],
  ['a giant line', `m=video 0 RTP/AVP 96\r\na=fmtp:96 ${'x'.repeat(9000)}`, /more than 8192 characters/],
] as const) {
  test(`a description with ${what} is refused`, { timeout }, () => {
    assert.throws(
      () => parseSessionDescription(body),
      (error) => error instanceof RtspSyntaxError && message.test(error.message),
    );
  });
}

test('no text makes it fail in another way than by its own error, or take long', { timeout }, () => {
  const line = fc.oneof(
    fc.constantFrom(...LINES),
    fc
      .tuple(fc.constantFrom('m=', 'a=rtpmap:', 'a=fmtp:96 ', 'c=', 'a=control:'), fc.string())
      .map((parts) => parts.join('')),
  );
  fc.assert(
    fc.property(fc.array(line, { maxLength: 30 }), fc.constantFrom('\r\n', '\n', '\r'), (lines, end) => {
      try {
        parseSessionDescription(lines.join(end));
      } catch (error) {
        assert.ok(error instanceof RtspSyntaxError, String(error));
      }
    }),
  );
  const begin = cpuMs();
  for (const start of ['m=', 'a=rtpmap:', 'a=fmtp:96 ', 'c=IN IP4 '])
    for (const fill of [' ', '0', 'a/', ';', '='])
      try {
        parseSessionDescription(`${start}${fill.repeat(8000 / fill.length)}\n`.repeat(60));
      } catch (error) {
        assert.ok(error instanceof RtspSyntaxError, String(error));
      }
  assert.ok(cpuMs() - begin < 2000);
});
