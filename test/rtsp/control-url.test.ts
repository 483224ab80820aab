import assert from 'node:assert/strict';
import { test } from 'node:test';
import { baseUrl, controlUrls } from '../../src/rtsp/messages/control-url.js';

const timeout = 30_000;

for (const [what, base, session, media, aggregate, track] of [
  ['a base with a slash', 'rtsp://cam/x/', '*', 'trackID=1', 'rtsp://cam/x/', 'rtsp://cam/x/trackID=1'],
  ['a base without a slash', 'rtsp://cam/x', null, 'trackID=1', 'rtsp://cam/x', 'rtsp://cam/x/trackID=1'],
  [
    'a query in the base (Dahua)',
    'rtsp://cam:554/cam/realmonitor?channel=1&subtype=0',
    '*',
    'trackID=0',
    'rtsp://cam:554/cam/realmonitor?channel=1&subtype=0',
    'rtsp://cam:554/cam/realmonitor?channel=1&subtype=0/trackID=0',
  ],
  ['a query as control', 'rtsp://cam/x', '*', '?ctype=video', 'rtsp://cam/x', 'rtsp://cam/x?ctype=video'],
  [
    'absolute controls (Hikvision)',
    'rtsp://cam/streaming/channels/101/',
    'rtsp://192.168.254.19:554/streaming/channels/101/',
    'rtsp://192.168.254.19:554/streaming/channels/101/trackID=1',
    'rtsp://192.168.254.19:554/streaming/channels/101/',
    'rtsp://192.168.254.19:554/streaming/channels/101/trackID=1',
  ],
  [
    'an absolute session control',
    'rtsp://cam/x',
    'rtsp://10.0.0.1/y',
    'track1',
    'rtsp://10.0.0.1/y',
    'rtsp://10.0.0.1/y/track1',
  ],
  [
    'session and media controls with a query that the base lacks (Axis)',
    'rtsp://cam/axis-media/media.amp/',
    'rtsp://cam/axis-media/media.amp?Axis-Orig-Sw=true',
    'rtsp://cam/axis-media/media.amp/stream=0?Axis-Orig-Sw=true',
    'rtsp://cam/axis-media/media.amp?Axis-Orig-Sw=true',
    'rtsp://cam/axis-media/media.amp/stream=0?Axis-Orig-Sw=true',
  ],
  ['no media control', 'rtsp://cam/x', '*', null, 'rtsp://cam/x', 'rtsp://cam/x'],
  ['* as media control', 'rtsp://cam/x/', null, '*', 'rtsp://cam/x/', 'rtsp://cam/x/'],
  [
    'an absolute path that repeats the base',
    'rtsp://cam/x/y',
    null,
    '/x/y/track1',
    'rtsp://cam/x/y',
    'rtsp://cam/x/y/track1',
  ],
  ['another absolute path', 'rtsp://cam/x/', null, '/track1', 'rtsp://cam/x/', 'rtsp://cam/x/track1'],
  ['no path at all', 'rtsp://cam:554', null, 'track1', 'rtsp://cam:554', 'rtsp://cam:554/track1'],
  [
    'a relative session control',
    'rtsp://cam/x/',
    'live',
    'track1',
    'rtsp://cam/x/live',
    'rtsp://cam/x/track1',
  ],
  ['blanks in the control', 'rtsp://cam/x', null, 'track 1', 'rtsp://cam/x', 'rtsp://cam/x'],
  [
    'credentials in the control',
    'rtsp://cam/x',
    null,
    'rtsp://u:p@cam/x/1',
    'rtsp://cam/x',
    'rtsp://cam/x/1',
  ],
] as const) {
  test(`${what} gives the URLs that cameras expect`, { timeout }, () => {
    assert.deepEqual(controlUrls(base, session, media), { aggregate, track });
  });
}

test('Content-Base goes before Content-Location before the URL that was asked', { timeout }, () => {
  assert.equal(baseUrl('rtsp://cam/a', 'rtsp://cam/b/', 'rtsp://cam/c'), 'rtsp://cam/b/');
  assert.equal(baseUrl('rtsp://cam/a', null, 'rtsp://cam/c'), 'rtsp://cam/c');
  assert.equal(baseUrl('rtsp://cam/a', null, null), 'rtsp://cam/a');
});

test('a Content-Base that is no URL is passed over', { timeout }, () => {
  for (const base of [
    '192.168.1.10:554/stream0/',
    '',
    '/x/',
    'http://cam/',
    'rtsp://cam/a b',
    'rtsp://cam/\x00',
  ])
    assert.equal(baseUrl('rtsp://cam/a', base, null), 'rtsp://cam/a');
  assert.equal(baseUrl('rtsp://cam/a', 'rtsp://u:p@cam/b/', null), 'rtsp://cam/b/');
});
