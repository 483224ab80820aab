import assert from 'node:assert/strict';
import { test } from 'node:test';
import { CAMERA_FAULTS, type CameraErrorCode } from '../../../src/shared/errors.js';
import { classifyEnd, describeEnd, type FfmpegEnd } from '../../../workers/ffmpeg/faults.js';

const timeout = 5000;
const END: FfmpegEnd = {
  exitCode: 1,
  signal: null,
  spawnError: null,
  stderr: '',
  framesSeen: false,
  timedOut: false,
};
const at = 'rtsp://127.0.0.1:41939/x';
const method = (status: string): string => `[rtsp @ 0xc10a140] [error] method DESCRIBE failed: ${status}\n`;
const other4xx = `[error] ${at}: Server returned 4XX Client Error, but not one of 40{0,1,3,4}\n`;
const no5xx = `[error] ${at}: Server returned 5XX Server Error reply\n`;

/** What FFmpeg 4.1 (the bundled build) and 5.1 said to a server on loopback that answered so. */
const SAID: readonly (readonly [string, string, CameraErrorCode])[] = [
  [
    'a closed port',
    `[tcp @ 0x19944980] [error] Connection to tcp://127.0.0.1:37599?timeout=1500000 failed: Connection refused\n[error] ${at}: Connection refused\n`,
    'refused',
  ],
  [
    '401',
    `${method('401 Unauthorized')}[error] ${at}: Server returned 401 Unauthorized (authorization failed)\n`,
    'unauthorized',
  ],
  [
    '403',
    `${method('403 Forbidden')}[error] ${at}: Server returned 403 Forbidden (access denied)\n`,
    'forbidden',
  ],
  ['404', `${method('404 Not Found')}[error] ${at}: Server returned 404 Not Found\n`, 'not_found'],
  ['400', `[error] ${at}: Server returned 400 Bad Request\n`, 'protocol'],
  ['454', method('454 Session Not Found') + other4xx, 'not_found'],
  ['453', method('453 Not Enough Bandwidth') + other4xx, 'busy'],
  ['461', method('461 Unsupported Transport') + other4xx, 'protocol'],
  ['500', method('500 Internal Server Error') + no5xx, 'unavailable'],
  ['503', method('503 Service Unavailable') + no5xx, 'unavailable'],
  ['302', '[rtsp @ 0x3e4aa140] [info] Status 302: Redirecting to rtsp://127.0.0.9:9/x\n', 'redirected'],
  [
    '302 to a closed port',
    `[rtsp @ 0x55aea56d1f00] [info] Status 302: Redirecting to rtsp://127.0.0.9:9/x\n[tcp @ 0x55aea56d5700] [error] Connection to tcp://127.0.0.9:9?timeout=1500000 failed: Connection refused\n[error] ${at}: Connection refused\n`,
    'redirected',
  ],
  [
    'garbage',
    `[rtsp @ 0x56524844af00] [warning] CSeq 1 expected, 0 received.\n[error] ${at}: Invalid data found when processing input\n`,
    'protocol',
  ],
  [
    'a description without video',
    `[warning] Codec AVOption flags () specified for input file #0 (${at}) has not been used for any stream.\n[fatal] Stream specifier ':v:0' in filtergraph description [0:v:0]scale=w=1[o0] matches no streams.\n`,
    'no_video',
  ],
];

for (const [cause, stderr, code] of SAID) {
  test(`${cause} is told as ${code}`, { timeout }, () => {
    assert.equal(classifyEnd({ ...END, stderr }), code);
  });
}

test('silence until FFmpeg’s own timeout is told from garbage by its time', { timeout }, () => {
  const stderr = `[error] ${at}: Invalid data found when processing input\n`;
  assert.equal(classifyEnd({ ...END, stderr, timedOut: true }), 'open_timeout');
  assert.equal(classifyEnd({ ...END, stderr }), 'protocol');
});

test('a redirect for which FFmpeg was killed is no crash', { timeout }, () => {
  const stderr = '[rtsp @ 0x1] [info] Status 301: Redirecting to rtsp://127.0.0.9:9/x\n';
  assert.equal(classifyEnd({ ...END, exitCode: null, signal: 'SIGKILL', stderr }), 'redirected');
});

test('a process that never started, or crashed, is told so whatever it said', { timeout }, () => {
  assert.equal(classifyEnd({ ...END, exitCode: null, spawnError: 'ENOENT' }), 'ffmpeg_missing');
  assert.equal(
    classifyEnd({ ...END, stderr: 'setpriv: failed to execute /no/ffmpeg: No such file\n' }),
    'ffmpeg_missing',
  );
  assert.equal(
    classifyEnd({ ...END, exitCode: null, signal: 'SIGSEGV', stderr: 'Connection refused' }),
    'ffmpeg_crashed',
  );
  assert.equal(classifyEnd(END), 'ffmpeg_failed');
  assert.equal(classifyEnd({ ...END, exitCode: 0 }), 'disconnected');
});

test('after a picture the end is a broken connection, or a stall', { timeout }, () => {
  assert.equal(classifyEnd({ ...END, framesSeen: true, stderr: '404 Not Found' }), 'disconnected');
  assert.equal(classifyEnd({ ...END, framesSeen: true, stderr: 'Connection timed out' }), 'stall');
});

test('the account of an end is short, and never empty', { timeout }, () => {
  assert.equal(describeEnd(END), 'exit 1');
  assert.equal(describeEnd({ ...END, exitCode: null, signal: 'SIGSEGV' }), 'exit SIGSEGV');
  assert.equal(describeEnd({ ...END, spawnError: 'EACCES' }), 'EACCES');
  assert.equal(describeEnd({ ...END, stderr: 'a\nb\nc\nd\n' }), 'b | c | d');
  assert.ok(describeEnd({ ...END, stderr: 'x'.repeat(5000) }).length <= 500);
});

test('every fault has a text and a close code', { timeout }, () => {
  for (const { text, close } of Object.values(CAMERA_FAULTS)) {
    assert.ok(text.length > 5 && Buffer.byteLength(text) < 100);
    assert.ok(close >= 4400 && close < 4600);
  }
});
