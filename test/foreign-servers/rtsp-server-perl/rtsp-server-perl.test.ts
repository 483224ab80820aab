import { after, before, describe, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { listening, startProgram, type ServerProcess } from '../support/child-server.js';
import { freePort } from '../../support/free-port.js';
import { clipFolder, type ClipFolder } from '../support/clip-folder.js';
import { CLIP_NAMES } from '../support/numbered-clips.js';
import { assertPlays } from '../support/play.js';

/**
 * The client against Debian's rtsp-server-perl: a relay for what FFmpeg sends it, so the packets are FFmpeg's. It knows UDP alone,
 * and answers 400 to everything else.
 */

const options = { timeout: 60_000 };
/** Until FFmpeg has announced its stream. */
const ANNOUNCE_MS = 2000;

describe('rtsp-server-perl and the client', { timeout: 180_000, concurrency: 3 }, () => {
  let folder: ClipFolder;
  let server: ServerProcess;
  let port: number;
  let sourcePort: number;
  before(async () => {
    folder = await clipFolder(CLIP_NAMES);
    [port, sourcePort] = [await freePort(), await freePort()];
    const addresses = ['--client_listen_address', '127.0.0.1', '--source_listen_address', '127.0.0.1'];
    server = startProgram('rtsp-server-perl', ['-c', String(port), '-s', String(sourcePort), ...addresses]);
    await listening(port, server);
  }, options);
  after(async () => {
    await server.stop();
    folder.remove();
  }, options);

  for (const clip of CLIP_NAMES)
    for (const transport of clip === 'h264-sliced' ? (['udp', 'tcp'] as const) : (['udp'] as const))
      test(
        `${clip} plays, asked for over ${transport}, every picture whole and in order`,
        options,
        async (t) => {
          const path = `/${clip.replaceAll(':', '')}-${transport}`;
          const sender = startProgram('ffmpeg', [
            ...['-nostdin', '-loglevel', 'error', '-re', '-i', folder.file(clip), '-c', 'copy'],
            ...['-f', 'rtsp', '-rtsp_transport', 'udp', `rtsp://127.0.0.1:${sourcePort}${path}`],
          ]);
          t.after(() => sender.stop());
          await sleep(ANNOUNCE_MS);
          await assertPlays({ port, path, transport }, clip);
        },
      );
});
