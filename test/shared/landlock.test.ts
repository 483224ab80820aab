import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { Worker } from 'node:worker_threads';
import { findLauncher } from '../../src/decoding/launcher.js';
import { landlockVersion, SIGNALS_SINCE } from '../../src/shared/landlock.js';
import { tempFolder } from '../support/temp-folder.js';

const timeout = 30_000;

async function restricted(
  commands: readonly string[],
): Promise<{ holds: boolean; codes: (number | null)[] }> {
  const worker = new Worker(new URL('../support/restricted.js', import.meta.url), {
    // Root's capabilities reach further than Landlock: FFmpeg is started without them.
    workerData: { launcher: (await findLauncher('/bin/true')).launcher, commands },
  });
  const [answer] = (await once(worker, 'message')) as [{ holds: boolean; codes: (number | null)[] }];
  await worker.terminate();
  return answer;
}

test(
  'what a restricted thread starts changes no file, traces and ends nobody else',
  { timeout },
  async (t) => {
    const folder = tempFolder(t);
    const file = join(folder, 'file');
    writeFileSync(file, 'as it was');
    const other = spawn('sleep', ['60'], { env: { SECRET: 'of another process' } });
    t.after(() => other.kill('SIGKILL'));
    await once(other, 'spawn');
    const { pid = 0 } = other;
    const changes = [
      `rm -f ${file}`,
      `mv ${file} ${file}2`,
      `echo x > ${file}`,
      `truncate -s 0 ${file}`,
      `ln -s / ${folder}/link`,
      `mkdir ${folder}/folder`,
      `cat /proc/${pid}/environ`,
    ];
    const { holds, codes } = await restricted([
      ...changes,
      `kill -TERM ${pid}`,
      `cat ${file}`,
      'true > /dev/null',
    ]);
    assert.equal(holds, landlockVersion() > 0);
    const [signal, reading, nothing] = codes.slice(changes.length);
    assert.deepEqual([reading, nothing], [0, 0], 'reading is as before, and so is /dev/null');
    assert.equal(signal !== 0, landlockVersion() >= SIGNALS_SINCE);
    if (!holds) return;
    assert.deepEqual(
      codes.slice(0, changes.length).map((code) => code !== 0),
      changes.map(() => true),
    );
    assert.equal(readFileSync(file, 'utf8'), 'as it was');
    // The other threads of the process are as they were.
    writeFileSync(file, 'changed');
    assert.ok(existsSync(file));
  },
);
