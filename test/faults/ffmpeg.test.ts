import assert from 'node:assert/strict';
import { chmod, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { childrenOf, memoryOf } from '../../bench/lib/proc.js';
import { cameras, closed, type Scope, service, SMALL, watch } from '../support/rig.js';
import { until } from '../support/until.js';
import { CHOSEN_FFMPEG } from '../support/ffmpegs.js';
import { tempFolder } from '../support/temp-folder.js';

/** FFmpeg itself misbehaves: scripts in its place, given as FFMPEG_PATH. */

const REAL = CHOSEN_FFMPEG.path;

/** What every stand-in does when it is asked who it is. */
const PROBED = `case "$*" in *-version*|*"-h full"*|*muxers) exec ${REAL} "$@";; esac`;

async function script(scope: Scope, body: string, mode = 0o755): Promise<string> {
  const path = join(tempFolder(scope), 'ffmpeg');
  await writeFile(path, `#!/bin/sh\n${PROBED}\n${body}\n`);
  await chmod(path, mode);
  return path;
}

const SIZE = { FRAME_WIDTH: String(SMALL.width), FRAME_HEIGHT: String(SMALL.height) };

test('FFmpeg ignores SIGTERM: killed after 2 s, no zombie', { timeout: 30_000 }, async (t) => {
  const set = await cameras(t);
  // It stays when its input ends, too. After the first frame nothing can be opened any more: what it waits for runs before.
  const path = await script(t, `trap '' TERM\nsleep 10 &\n${REAL} "$@"\nwait`);
  const server = await service(t, { ...SIZE, FFMPEG_PATH: path });
  const viewer = watch(t, server, 'cam1', set.url(0));
  await viewer.more(3);
  viewer.close();
  const left = performance.now();
  await until('the process is killed and reaped', () => childrenOf(server.pid).length === 0, 8000);
  const after = performance.now() - left;
  assert.ok(after > 1800 && after < 5000, `gone after ${Math.round(after)} ms`);
});

test(
  'FFmpeg floods stderr: drained and bounded, the viewer is unaffected',
  { timeout: 30_000 },
  async (t) => {
    const set = await cameras(t);
    const path = await script(
      t,
      `yes '[h264 @ 0x5581] [error] error while decoding MB 12 34, bytestream -5' >&2 &\nexec ${REAL} "$@"`,
    );
    const server = await service(t, { ...SIZE, FFMPEG_PATH: path });
    const viewer = watch(t, server, 'cam1', set.url(0));
    await viewer.state('live');
    await viewer.more(25);
    const before = memoryOf(server.pid)?.rssBytes ?? 0;
    const began = performance.now();
    await viewer.more(75);
    const seconds = (performance.now() - began) / 1000;
    assert.ok(seconds < 5, `75 frames of 25 a second took ${seconds.toFixed(1)} s`);
    const grown = ((memoryOf(server.pid)?.rssBytes ?? 0) - before) / 1e6;
    assert.ok(grown < 40, `grew by ${grown.toFixed(0)} MB`);
    assert.ok(server.log().length < 100_000, 'the flood is not in the log');
  },
);

const UNUSABLE = [
  { title: 'missing', path: () => Promise.resolve('/nonexistent/ffmpeg'), word: /ENOENT/ },
  { title: 'not executable', path: (t: Scope) => script(t, '', 0o644), word: /EACCES/ },
];
for (const { title, path, word } of UNUSABLE) {
  test(
    `FFmpeg binary ${title}: /readyz says so, viewers get 4502, no crash`,
    { timeout: 30_000 },
    async (t) => {
      const server = await service(t, { FFMPEG_PATH: await path(t), LINGER_MS: '60000' });
      const ready = await fetch(`${server.url}/readyz`);
      assert.equal(ready.status, 503);
      const { problems } = (await ready.json()) as { problems: string[] };
      assert.match(problems.join(), word);
      assert.match(problems.join(), /FFMPEG_PATH/);
      const { code, reason } = await closed(watch(t, server, 'cam1', 'rtsp://127.0.0.1:9/x'));
      assert.equal(code, 4502);
      assert.match(reason, /FFmpeg cannot be started: check FFMPEG_PATH/);
      assert.ok((await server.metric('reconnects_total', { reason: 'ffmpeg_missing' })) >= 1);
      assert.equal((await fetch(`${server.url}/healthz`)).status, 200);
    },
  );
}

const ENDINGS = [
  { title: 'exits at once', body: 'echo broken >&2; exit 1', code: 'ffmpeg_failed', reason: /FFmpeg failed/ },
  { title: 'is killed by a signal', body: 'kill -SEGV $$', code: 'ffmpeg_crashed', reason: /FFmpeg crashed/ },
];
for (const ending of ENDINGS) {
  test(
    `FFmpeg ${ending.title}: 4502 with a reason, tried again with backoff`,
    { timeout: 30_000 },
    async (t) => {
      const path = await script(t, ending.body);
      const set = await cameras(t);
      const server = await service(t, { FFMPEG_PATH: path, LINGER_MS: '60000', RETRY_MAX_MS: '400' });
      assert.equal((await fetch(`${server.url}/readyz`)).status, 200);
      const { code, reason } = await closed(watch(t, server, 'cam1', set.url(0)));
      assert.equal(code, 4502);
      assert.match(reason, ending.reason);
      const tries = (): Promise<number> =>
        server.metric('reconnects_total', { camera: 'cam1', reason: ending.code });
      const before = await until('it is counted', tries);
      const began = performance.now();
      await until('three tries more', async () => (await tries()) >= before + 3);
      assert.ok(performance.now() - began > 400, 'no hot loop');
      assert.equal(childrenOf(server.pid).filter(({ state }) => state === 'Z').length, 0, 'no zombie');
    },
  );
}

test(
  'the FFmpeg binary goes away while the service runs: 4502 with a reason',
  { timeout: 30_000 },
  async (t) => {
    const path = await script(t, 'exit 0');
    const set = await cameras(t);
    const server = await service(t, { FFMPEG_PATH: path });
    await rm(path);
    const { code, reason } = await closed(watch(t, server, 'cam1', set.url(0)));
    assert.equal(code, 4502);
    assert.match(reason, /FFmpeg cannot be started/);
  },
);
