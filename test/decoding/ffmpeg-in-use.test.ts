import assert from 'node:assert/strict';
import { renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';
import { FfmpegInUse, type FoundFfmpeg } from '../../src/decoding/ffmpeg-in-use.js';
import type { FfmpegBuild } from '../../src/shared/worker-protocol.js';
import { UNCONFINED } from '../support/fake-opener.js';
import { tempFolder } from '../support/temp-folder.js';

const timeout = 30_000;

/** A program whose file is replaced as package managers do it: by a rename. A probe finds what `probe` says. */
async function program(t: TestContext) {
  const path = join(tempFolder(t), 'ffmpeg');
  const build = (avformat: number): FfmpegBuild => ({
    ...{ path, version: String(avformat), avformat, hasFpsMode: true },
    ...UNCONFINED,
  });
  const it = { path, build, probes: 0, probe: (): FfmpegBuild => build(59), replaced: [] as FoundFfmpeg[] };
  const replace = (): void => {
    writeFileSync(`${path}.new`, 'another version');
    renameSync(`${path}.new`, path);
  };
  replace();
  const find = (): Promise<FfmpegBuild> => {
    it.probes++;
    return new Promise((resolve) => {
      resolve(it.probe());
    });
  };
  const ffmpeg = await FfmpegInUse.start(find, (found) => it.replaced.push(found));
  return { ...it, it, ffmpeg, replace };
}

test('an FFmpeg that was replaced is probed again, once for all who open cameras', { timeout }, async (t) => {
  const { it, ffmpeg, replace, build } = await program(t);
  assert.equal((await ffmpeg.forNextRun())?.avformat, 59);
  assert.equal(it.probes, 1, 'nothing changed');
  replace();
  it.probe = () => build(61);
  const runs = await Promise.all(Array.from({ length: 40 }, () => ffmpeg.forNextRun()));
  assert.ok(runs.every((found) => found?.avformat === 61));
  assert.equal(it.probes, 2);
  assert.deepEqual(it.replaced, [build(61)]);
});

test('one that is gone, or half there, leaves what is known of the one before', { timeout }, async (t) => {
  const { it, ffmpeg, replace, path, build } = await program(t);
  rmSync(path);
  assert.equal((await ffmpeg.forNextRun())?.avformat, 59);
  assert.equal(it.probes, 1);
  replace();
  it.probe = () => {
    throw new Error('cannot be run');
  };
  for (let run = 0; run < 3; run++) assert.equal((await ffmpeg.forNextRun())?.avformat, 59);
  assert.equal(it.probes, 2, 'it is not probed for each opening');
  assert.deepEqual(it.replaced, [{ problem: 'cannot be run' }]);
  replace();
  it.probe = () => build(61);
  assert.equal((await ffmpeg.forNextRun())?.avformat, 61);
});
