import assert from 'node:assert/strict';
import { after, before, describe, test, type TestContext } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { listening, startProgram } from '../support/child-server.js';
import { freePort } from '../../support/free-port.js';
import { clipFolder, type ClipFolder } from '../support/clip-folder.js';
import { CLIP_NAMES, type ClipName } from '../support/numbered-clips.js';
import { assertPlays, isTornDown, play } from '../support/play.js';

/** The client against VLC's RTSP server, which knows UDP alone. */

const options = { timeout: 60_000 };
const CREDENTIALS = { username: 'viewer', password: 'p+w/%2@u' };
const CLIPS = CLIP_NAMES;

const DESCRIBABLE_MS = 1000;

/** VLC refuses to run as root. */
const NOBODY = process.getuid?.() === 0 ? { uid: 65_534, gid: 65_534 } : {};

describe('VLC and the client', { timeout: 180_000, concurrency: 4 }, () => {
  let folder: ClipFolder;
  before(async () => {
    folder = await clipFolder(CLIPS);
  }, options);
  after(() => folder.remove());

  async function vlc(t: TestContext, clip: ClipName, ...more: string[]): Promise<number> {
    const port = await freePort();
    const output = `#rtp{sdp=rtsp://127.0.0.1:${port}/live}`;
    const server = startProgram(
      'cvlc',
      ['-I', 'dummy', folder.file(clip), '--sout', output, '--sout-keep', '--no-sout-audio', ...more],
      { ...NOBODY, env: { PATH: process.env['PATH'], HOME: folder.path } },
    );
    t.after(() => server.stop());
    await listening(port, server);
    // It listens before it has a description.
    await sleep(DESCRIBABLE_MS);
    return port;
  }

  for (const clip of CLIPS)
    test(`${clip} plays over UDP, every picture whole and in order`, options, async (t) => {
      const played = await assertPlays({ port: await vlc(t, clip), path: '/live', transport: 'udp' }, clip);
      assert.ok(isTornDown(played));
    });

  test('a client that asks for TCP gets UDP', options, async (t) => {
    const { steps } = await assertPlays(
      { port: await vlc(t, 'h264-sliced'), path: '/live', transport: 'tcp' },
      'h264-sliced',
    );
    assert.ok(steps.some((step) => step.kind === 'answer' && step.status === 461));
  });

  const login = ['--sout-rtsp-user', CREDENTIALS.username, '--sout-rtsp-pwd', CREDENTIALS.password];

  test('its authentication lets the right password in, and no other', options, async (t) => {
    const port = await vlc(t, 'h264-one-slice', ...login);
    const source = { port, path: '/live', transport: 'udp' } as const;
    const wrong = await play({ ...source, credentials: { ...CREDENTIALS, password: 'not-this' } }, 100);
    assert.equal(wrong.end.code, 'unauthorized');
    await assertPlays({ ...source, credentials: CREDENTIALS }, 'h264-one-slice');
  });
});
