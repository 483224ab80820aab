import assert from 'node:assert/strict';
import { execFile, spawn, type ChildProcessWithoutNullStreams } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { after, before, describe, test, type TestContext } from 'node:test';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { rtspRsFolder } from '../../support/requirements.js';
import { listening } from '../support/child-server.js';
import { freePort } from '../../support/free-port.js';
import { clipFolder, type ClipFolder } from '../support/clip-folder.js';
import type { ClipName } from '../support/numbered-clips.js';
import { assertPlays, isTornDown } from '../support/play.js';

/** The client against the server of the Rust library rtsp-rs: H.264 over UDP alone, 461 for TCP. */

const options = { timeout: 60_000 };
const CLIPS = ['h264-one-slice', 'h264-sliced', 'h264-interlaced', 'h264-10-bit', 'h264-4:2:2'] as const;
/** From dist/ back to the sources: the script is not compiled. */
const SCRIPT = fileURLToPath(new URL('../../../../test/foreign-servers/rtsp-rs/server.py', import.meta.url));

const run = promisify(execFile);

interface RustServer {
  readonly port: number;
  viewers(): Promise<number>;
}

describe('rtsp-rs and the client', { timeout: 120_000, concurrency: 3 }, () => {
  let folder: ClipFolder;
  before(async () => {
    folder = await clipFolder(CLIPS);
  }, options);
  after(() => folder.remove());

  async function serve(t: TestContext, clip: ClipName): Promise<RustServer> {
    const stream = join(folder.path, `${clip.replaceAll(':', '')}.h264`);
    const filter = 'h264_mp4toannexb,h264_metadata=aud=insert';
    await run('ffmpeg', [
      '-v',
      'error',
      '-i',
      folder.file(clip),
      '-c',
      'copy',
      '-bsf:v',
      filter,
      '-y',
      stream,
    ]);
    const port = await freePort();
    const child: ChildProcessWithoutNullStreams = spawn('/usr/bin/python3', [SCRIPT, String(port), stream], {
      env: { ...process.env, PYTHONPATH: rtspRsFolder() },
    });
    t.after(async () => {
      child.kill('SIGKILL');
      await once(child, 'close');
      if (complaints !== '') t.diagnostic(complaints);
    });
    let complaints = '';
    child.stderr
      .setEncoding('utf8')
      .on('data', (text: string) => (complaints = (complaints + text).slice(-2000)));
    await listening(port, { output: () => complaints, stop: () => Promise.resolve() });
    const lines = createInterface({ input: child.stdout });
    return {
      port,
      async viewers() {
        const answer = once(lines, 'line');
        child.stdin.write('viewers\n');
        const [line] = (await answer) as [string];
        return Number(/"viewers": (\d+)/.exec(line)?.[1]);
      },
    };
  }

  for (const clip of CLIPS)
    for (const transport of clip === 'h264-sliced' ? (['udp', 'tcp'] as const) : (['udp'] as const))
      test(
        `${clip} plays, asked for over ${transport}, every picture whole and in order`,
        options,
        async (t) => {
          const server = await serve(t, clip);
          const played = await assertPlays({ port: server.port, path: '/stream', transport }, clip);
          assert.ok(isTornDown(played));
          assert.equal(await server.viewers(), 0);
        },
      );
});
