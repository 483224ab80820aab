import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { test } from 'node:test';
import { promisify } from 'node:util';
import { UnitCollector } from '../../workers/unit-collector.js';

const timeout = 30_000;
const MEGABYTE = 2 ** 20;

/** A thread in which nothing is collected unless somebody asks for it. `held` megabytes are in use. */
function thread(held = 0) {
  let used = held * MEGABYTE;
  let most = 0;
  let collections = 0;
  const collector = new UnitCollector({
    used: () => used,
    collect: () => {
      collections++;
      used = held * MEGABYTE;
    },
  });
  const units = (count: number, megabytes: number): void => {
    for (let i = 0; i < count; i++) {
      used += megabytes * MEGABYTE;
      most = Math.max(most, used / MEGABYTE);
      collector.note(megabytes * MEGABYTE);
    }
  };
  return { units, most: () => most - held, collections: () => collections };
}

test('what was let go does not pile up, however large the units are', { timeout }, () => {
  for (const megabytes of [0.01, 2, 8]) {
    const it = thread();
    it.units(800 / megabytes, megabytes);
    assert.ok(it.most() <= 40, `${megabytes} MB each: ${it.most()} MB`);
  }
});

test('what is in use is not collected again and again', { timeout }, () => {
  const it = thread(200);
  it.units(800, 1);
  assert.ok(it.collections() <= 800 / 24 + 1, String(it.collections()));
});

test('a thread that has no descriptor left goes on', { timeout: 30_000 }, async () => {
  const collector = new URL('../../workers/unit-collector.js', import.meta.url).href;
  const script = `
    import { openSync } from 'node:fs';
    const { unitCollector } = await import('${collector}');
    unitCollector.note(8 * 1024 * 1024);
    try { for (;;) openSync('/dev/null'); } catch {}
    for (let i = 0; i < 8; i++) unitCollector.note(new Uint8Array(8 * 1024 * 1024).length);
    console.log('all taken');`;
  const words = [
    '-c',
    'ulimit -n 64 && exec "$0" "$@"',
    process.execPath,
    '--input-type=module',
    '-e',
    script,
  ];
  const { stdout } = await promisify(execFile)('sh', words);
  assert.equal(stdout, 'all taken\n');
});
