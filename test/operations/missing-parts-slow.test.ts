import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';
import { fileURLToPath } from 'node:url';
import { startService } from '../../bench/lib/service.js';
import { spawnCameras } from '../../bench/virtual-camera/index.js';
import { framesIn, HOST, openSocket } from '../proxies/rig.js';
import { CHOSEN_FFMPEG } from '../support/ffmpegs.js';
import { tempFolder } from '../support/temp-folder.js';

/** Machines that lack something: binaries of packages, /proc, util-linux. */

const timeout = 60_000;
const MAIN = fileURLToPath(new URL('../../src/main.js', import.meta.url));
const FPS = 10;

/** Flags for a Node, in which no binary is found whose path has one of the words, and no file below /proc. */
function without(t: TestContext, words: readonly string[], proc = true): string[] {
  const file = join(tempFolder(t), 'without.cjs');
  writeFileSync(
    file,
    `const Module = require('node:module');
const fs = require('node:fs');
const words = ${JSON.stringify(words)};
const load = process.dlopen;
process.dlopen = (module, path, ...flags) => {
  if (words.some((word) => path.includes(word))) throw new Error(path + ': cannot open shared object file');
  return load.call(process, module, path, ...flags);
};
if (${String(!proc)}) {
  const absent = (path) => Object.assign(new Error('ENOENT: ' + path), { code: 'ENOENT' });
  for (const [owner, names] of [
    [fs, ['readFileSync', 'readdirSync', 'readlinkSync', 'openSync', 'statSync', 'existsSync']],
    [fs.promises, ['readFile', 'readdir', 'open', 'stat']],
  ])
    for (const name of names) {
      const real = owner[name];
      owner[name] = (path, ...rest) => {
        if (typeof path !== 'string' || !path.startsWith('/proc/')) return real.call(owner, path, ...rest);
        if (name === 'existsSync') return false;
        if (owner === fs.promises) return Promise.reject(absent(path));
        throw absent(path);
      };
    }
}
Module.syncBuiltinESMExports();
`,
  );
  return ['--require', file];
}

/** What a start says that fails. */
function failedStart(flags: readonly string[]): string {
  const env = { PATH: process.env['PATH'], PORT: '0' };
  const { status, stderr } = spawnSync(process.execPath, [...flags, MAIN], {
    encoding: 'utf8',
    env,
    timeout: 20_000,
  });
  assert.equal(status, 69, stderr);
  return stderr;
}

test('a start without a binary of the server says which in one line', { timeout }, (t) => {
  const said = failedStart(without(t, ['uws_']));
  assert.match(
    said,
    /^rtsp-stream-ws: uWebSockets\.js: its file uws_\w+\.node cannot be loaded \(uws_.*\): it runs on Node .*glibc.*\n$/,
  );
});

test('a start without any encoder says which file is missing in one line', { timeout }, (t) => {
  const said = failedStart(without(t, ['koffi', 'jpeg-turbo']));
  assert.match(
    said,
    /^rtsp-stream-ws: jpeg-turbo: its file prebuilds\/jpeg-turbo-\S+ .*: it has binaries for .*\n$/,
  );
});

for (const [what, words, proc] of [
  ['koffi', ['koffi'], true],
  ['koffi, /proc and util-linux', ['koffi'], false],
] as const)
  test(`without ${what} pictures come all the same`, { timeout }, async (t) => {
    const cameras = await spawnCameras({ width: 160, height: 90, fps: FPS });
    t.after(() => cameras.stop());
    const bin = join(tempFolder(t), 'bin');
    mkdirSync(bin);
    symlinkSync(CHOSEN_FFMPEG.path, join(bin, 'ffmpeg'));
    const service = await startService({
      flags: without(t, words, proc),
      env: proc ? {} : { PATH: bin, FFMPEG_PATH: '' },
    });
    t.after(() => service.stop());
    assert.match(service.log(), /"pixels":"rgb24","msg":"JPEG from RGB, which is slower: jpeg-turbo-\S+: /);
    const path = `/ws?camera_index=gate&width=160&height=90&rtsp=${encodeURIComponent(cameras.url(0))}`;
    const viewer = openSocket(t, service.port, path, { from: HOST });
    const frames = await framesIn(viewer, 2000);
    assert.ok(frames >= 2 * FPS * 0.6, `${frames} frames in 2 s`);
    const { code, killed } = await service.stop();
    assert.deepEqual([code, killed], [0, false]);
  });
