import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { tempFolder } from '../../support/temp-folder.js';
import { CLIP_NAMES, CLIPS, encodeClip, type ClipName } from '../support/numbered-clips.js';
import { assertPlays, isTornDown, play } from '../support/play.js';
import { startGstServer, type GstFile, type GstLogin, type GstServer } from './gst-server.js';

/** This project's RTSP client alone against GStreamer's server: each codec, both transports, with and without authentication. */

const options = { timeout: 60_000 };
const LOGIN: GstLogin = { scheme: 'digest', user: 'viewer', password: 'p+w/%2@ü' };
const CREDENTIALS = { username: LOGIN.user, password: LOGIN.password };

const mountOf = (clip: ClipName): string => `/${clip.replaceAll(':', '')}`;

describe('GStreamer and the client', { timeout: 240_000, concurrency: 5 }, () => {
  let open: GstServer;
  let guarded: GstServer;
  let basic: GstServer;
  const atEnd: (() => void)[] = [];

  before(async () => {
    const folder = tempFolder({ after: (undo) => void atEnd.push(undo) });
    const files: GstFile[] = [];
    for (const clip of CLIP_NAMES)
      files.push({ mount: mountOf(clip), kind: CLIPS[clip].codec, path: await encodeClip(clip, folder) });
    const [first] = files;
    assert.ok(first);
    files.push({ mount: '/parameter-sets-in-sdp', kind: 'h264-sdp', path: first.path });
    [open, guarded, basic] = await Promise.all([
      startGstServer(undefined, files),
      startGstServer(LOGIN, files),
      startGstServer({ ...LOGIN, scheme: 'basic' }, files),
    ]);
  }, options);
  after(async () => {
    for (const server of [open, guarded, basic])
      assert.equal(await server.sessions(), 0, 'all sessions are closed');
    await Promise.all([open, guarded, basic].map((server) => server.stop()));
    for (const undo of atEnd) undo();
  }, options);

  for (const transport of ['tcp', 'udp'] as const) {
    for (const clip of CLIP_NAMES) {
      test(`${clip} plays over ${transport}, every picture whole and in order`, options, async () => {
        const played = await assertPlays({ port: open.port, path: mountOf(clip), transport }, clip);
        assert.ok(isTornDown(played));
      });
    }

    test(
      `parameter sets that stand in the description alone are enough over ${transport}`,
      options,
      async () => {
        await assertPlays({ port: open.port, path: '/parameter-sets-in-sdp', transport }, 'h264-one-slice');
      },
    );

    for (const scheme of ['Digest', 'Basic'] as const) {
      test(`${scheme} opens a session over ${transport}`, options, async () => {
        const server = scheme === 'Basic' ? basic : guarded;
        const source = {
          port: server.port,
          path: mountOf('h264-sliced'),
          transport,
          credentials: CREDENTIALS,
        };
        await assertPlays(source, 'h264-sliced');
      });
    }
  }

  test('a wrong password is refused, and leaves no session', options, async () => {
    const credentials = { ...CREDENTIALS, password: 'not-this-one' };
    const { end } = await play(
      { port: guarded.port, path: mountOf('jpeg'), transport: 'tcp', credentials },
      100,
    );
    assert.equal(end.code, 'unauthorized');
  });

  test('a mount that does not exist is not found', options, async () => {
    const { end } = await play({ port: open.port, path: '/nothing', transport: 'tcp' }, 100);
    assert.equal(end.code, 'not_found');
  });

  for (const [only, asked] of [
    ['/h264-tcp-only', 'udp'],
    ['/h264-udp-only', 'tcp'],
  ] as const) {
    test(`${only} plays although ${asked} is asked for`, options, async () => {
      const { end, units } = await play({ port: open.port, path: only, transport: asked }, 1000);
      assert.equal(end.code, 'stopped');
      assert.ok(units.length > 15, `${units.length} units`);
    });
  }
});
