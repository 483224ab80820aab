import assert from 'node:assert/strict';
import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { connect, createServer } from 'node:net';
import { join } from 'node:path';
import { test } from 'node:test';
import { connectViewer } from '../../bench/lib/ws-viewer.js';
import { tempFolder } from '../support/temp-folder.js';
import { cameras, closed, type Scope, service } from '../support/rig.js';
import { until } from '../support/until.js';
import { CHOSEN_FFMPEG } from '../support/ffmpegs.js';

/** A camera that grants one session answers 453 to a second one. */

/** An FFmpeg that takes half a second to end. A shell gives a background job no standard input unless told so. */
function slowToLeave(folder: string): string {
  const path = join(folder, 'ffmpeg');
  const real = CHOSEN_FFMPEG.path;
  const script = `#!/bin/sh
case "$*" in *-version*|*"-h full"*|*muxers) exec ${real} "$@";; esac
trap 'sleep 0.5; kill $pid' TERM
exec 9<&0
${real} "$@" <&9 &
pid=$!
wait $pid
wait $pid
`;
  writeFileSync(path, script, { mode: 0o755 });
  return path;
}

/** A proxy before the camera that counts its connections. */
async function countingProxy(scope: Scope, target: number) {
  const inside = { now: 0, most: 0, all: 0 };
  const server = createServer((near) => {
    const far = connect({ host: '127.0.0.1', port: target });
    inside.all++;
    inside.most = Math.max(inside.most, ++inside.now);
    near.pipe(far).pipe(near);
    near.on('error', () => far.destroy()).on('close', () => far.destroy());
    far.on('error', () => near.destroy()).on('close', () => near.destroy());
    near.once('close', () => inside.now--);
    scope.after(() => near.destroy());
  }).listen(0, '127.0.0.1');
  scope.after(() => server.close());
  await once(server, 'listening');
  const address = server.address();
  assert.ok(address !== null && typeof address === 'object');
  return { port: address.port, inside };
}

test(
  'a camera that was changed in the file is opened again when its old session is over',
  { timeout: 60_000 },
  async (t) => {
    const set = await cameras(t);
    const proxy = await countingProxy(t, Number(new URL(set.url(0)).port));
    const url = `rtsp://127.0.0.1:${proxy.port}/cam1`;
    const folder = tempFolder(t);
    const file = join(folder, 'cams.yaml');
    const write = (more: string): void => {
      writeFileSync(file, `cameras:\n  - {name: door, url: "${url}"${more}}\n`);
    };
    write('');
    const server = await service(t, {
      CONFIG_FILE: file,
      LINGER_MS: '10000',
      FFMPEG_PATH: slowToLeave(folder),
    });
    const watchCamera = () => {
      const viewer = connectViewer({
        host: '127.0.0.1',
        port: server.port,
        path: '/ws?camera_index=door',
        mode: 'count',
      });
      t.after(() => viewer.destroy());
      return viewer;
    };
    for (const quality of [60, 70, 80]) {
      const viewer = watchCamera();
      await until('frames come', () => viewer.stats.frames > 2, 15_000);
      write(`, quality: ${quality}`);
      process.kill(server.pid, 'SIGHUP');
      assert.equal((await closed(viewer, 15_000)).code, 1012);
    }
    const last = watchCamera();
    await until('frames come', () => last.stats.frames > 2, 15_000);
    assert.deepEqual({ most: proxy.inside.most, all: proxy.inside.all }, { most: 1, all: 4 });
    assert.equal(await server.metric('reconnects_total'), 0);
  },
);
