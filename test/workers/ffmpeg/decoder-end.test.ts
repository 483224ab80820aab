import assert from 'node:assert/strict';
import { test } from 'node:test';
import { CAMERA_FAULTS, type CameraErrorCode } from '../../../src/shared/errors.js';
import { classifyEnd, describeEnd, type FfmpegEnd, lastLines } from '../../../workers/ffmpeg/decoder-end.js';

const timeout = 30_000;
const END: FfmpegEnd = { exitCode: 1, signal: null, spawnError: null, stderr: '', framesSeen: false };

/** What FFmpeg 4.1 (the bundled build) and 5.1 said to such data. */
const SAID: readonly (readonly [string, string, CameraErrorCode])[] = [
  [
    'pictures that are too large',
    '[h264 @ 0x1] [IMGUTILS @ 0x2] [error] Picture size 8192x8192 exceeds specified max pixel count 33177600, see the documentation if you wish to increase it\n[error] Error while opening decoder for input stream #0:0 : Invalid argument\n',
    'bad_data',
  ],
  ['nonsense', '[error] pipe:0: Invalid data found when processing input\n', 'bad_data'],
  ['memory beyond its limit', '[h264 @ 0x1] [error] get_buffer() failed\n', 'bad_data'],
  ['anything else', '[error] Unrecognized option\n', 'ffmpeg_failed'],
];

for (const [what, stderr, code] of SAID)
  test(`${what}: ${code}`, { timeout }, () => {
    assert.equal(classifyEnd({ ...END, stderr }), code);
    assert.ok(code in CAMERA_FAULTS);
  });

test(
  'a process that cannot be started says whether FFmpeg is missing or the machine is full',
  { timeout },
  () => {
    const code = (spawnError: string): string => classifyEnd({ ...END, exitCode: null, spawnError });
    assert.deepEqual([code('ENOENT'), code('EACCES')], ['ffmpeg_missing', 'ffmpeg_missing']);
    assert.deepEqual(
      [code('EAGAIN'), code('ENOMEM'), code('EMFILE')],
      ['no_process', 'no_process', 'no_process'],
    );
    assert.equal(describeEnd({ ...END, spawnError: 'EAGAIN' }), 'EAGAIN');
  },
);

test('setpriv that cannot start FFmpeg is a missing FFmpeg', { timeout }, () => {
  const stderr = 'setpriv: failed to execute /opt/ffmpeg: No such file or directory\n';
  assert.equal(classifyEnd({ ...END, exitCode: 127, stderr }), 'ffmpeg_missing');
});

test('a signal that nobody here sent is a crash', { timeout }, () => {
  assert.equal(classifyEnd({ ...END, exitCode: null, signal: 'SIGSEGV' }), 'ffmpeg_crashed');
});

test('an end is described by its last lines, else by how it ended', { timeout }, () => {
  assert.equal(
    describeEnd({ ...END, stderr: '[h264 @ 0x5] [error] a\n[error] b\n[h264 @ 0x6] [error] a\n' }),
    'b | a',
  );
  assert.equal(describeEnd(END), 'exit 1');
  assert.equal(describeEnd({ ...END, exitCode: null, signal: 'SIGSEGV' }), 'exit SIGSEGV');
  assert.equal(lastLines('x'.repeat(900)).length, 500);
});

test('a namespace that cannot be made is no room for another process', { timeout: 30_000 }, () => {
  const stderr = 'unshare: unshare failed: No space left on device\n';
  assert.equal(
    classifyEnd({ exitCode: 1, signal: null, spawnError: null, stderr, framesSeen: false }),
    'no_process',
  );
});
