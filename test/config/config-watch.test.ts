import assert from 'node:assert/strict';
import { appendFileSync, mkdirSync, renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { type ConfigWatch, watchConfig } from '../../src/config/config-watch.js';
import { ConfigError } from '../../src/shared/errors.js';
import { fileSignature } from '../../src/shared/file-signature.js';
import { quietLog } from '../support/test-registry.js';
import { until } from '../support/until.js';
import { tempFolder } from '../support/temp-folder.js';

const timeout = 30_000;
const QUICK = { pollMs: 20, settleMs: 20 };
const NO_FILE = { path: '', seen: '' };

/** Watches a text file; `bad...` is a mistake. */
async function watchText(
  t: TestContext,
  file: string,
  times = QUICK,
): Promise<{ applied: string[]; refused: unknown[]; watch: ConfigWatch }> {
  const seen = await fileSignature(file);
  const applied: string[] = [];
  const refused: unknown[] = [];
  const load = async (): Promise<string> => {
    const text = await readFile(file, 'utf8').catch(() => 'bad: no file');
    if (text.startsWith('bad')) throw new ConfigError([text]);
    return text;
  };
  const apply = (text: string): number => applied.push(text);
  const log = { ...quietLog, error: (line: unknown) => refused.push(line) };
  const watch = watchConfig({ path: file, seen }, { load, apply }, log, times);
  t.after(() => watch.close());
  return { applied, refused, watch };
}

test(
  'a file that is written anew, or replaced by rename as editors do, is applied',
  { timeout },
  async (t) => {
    const folder = tempFolder(t);
    const file = join(folder, 'cams.yaml');
    writeFileSync(file, 'one');
    const { applied } = await watchText(t, file);
    writeFileSync(file, 'two, in place');
    await until('the write is applied', () => applied.at(-1) === 'two, in place');
    for (const text of ['three', 'four']) {
      writeFileSync(`${file}.new`, text);
      renameSync(`${file}.new`, file);
      await until(`the rename to ${text} is applied`, () => applied.at(-1) === text);
    }
  },
);

test('a file that is written slowly is applied once, when it is whole', { timeout }, async (t) => {
  const file = join(tempFolder(t), 'cams.yaml');
  writeFileSync(file, 'before');
  const { applied } = await watchText(t, file, { pollMs: 200, settleMs: 150 });
  writeFileSync(file, '');
  const whole = 'line\n'.repeat(40);
  // Due before the watch's own timer whenever both are late, so that the pauses count as short on a busy machine too.
  for (let at = 0; at < whole.length; at += 5) {
    await sleep(20);
    appendFileSync(file, whole.slice(at, at + 5));
  }
  await until('the file is applied', () => applied.length > 0);
  assert.deepEqual(applied, [whole]);
});

test('what was read while somebody wrote is not applied, but what is there then', { timeout }, async (t) => {
  const file = join(tempFolder(t), 'cams.yaml');
  writeFileSync(file, 'half');
  const applied: string[] = [];
  const refused: unknown[] = [];
  let left = ['bad, half of it', 'whole'];
  const load = async (): Promise<string> => {
    const text = await readFile(file, 'utf8');
    const [next] = left;
    left = left.slice(1);
    if (next !== undefined) writeFileSync(file, next);
    if (text.startsWith('bad')) throw new ConfigError([text]);
    return text;
  };
  const log = { ...quietLog, error: (line: unknown) => refused.push(line) };
  const seen = await fileSignature(file);
  const watch = watchConfig({ path: file, seen }, { load, apply: (text) => applied.push(text) }, log, QUICK);
  t.after(() => watch.close());
  void watch.reload();
  await until('the file is applied', () => applied.length > 0);
  // The watch may have seen the writing too, and have it applied again.
  assert.deepEqual([new Set(applied), refused], [new Set(['whole']), []]);
});

test('a file behind swapped symlinks, as Kubernetes mounts them, is applied', { timeout }, async (t) => {
  const folder = tempFolder(t);
  for (const [version, text] of [
    ['v1', 'one'],
    ['v2', 'second'],
  ] as const) {
    mkdirSync(join(folder, version));
    writeFileSync(join(folder, version, 'cams.yaml'), text);
  }
  symlinkSync('v1', join(folder, '..data'));
  symlinkSync(join('..data', 'cams.yaml'), join(folder, 'cams.yaml'));
  const { applied } = await watchText(t, join(folder, 'cams.yaml'));
  symlinkSync('v2', join(folder, '..data_tmp'));
  renameSync(join(folder, '..data_tmp'), join(folder, '..data'));
  await until('the swap is applied', () => applied.at(-1) === 'second');
});

test('a broken or missing file is logged with its problems and applies nothing', { timeout }, async (t) => {
  const file = join(tempFolder(t), 'cams.yaml');
  writeFileSync(file, 'one');
  const { applied, refused } = await watchText(t, file);
  writeFileSync(file, 'bad: line 3');
  await until('the mistake is logged', () => JSON.stringify(refused).includes('bad: line 3'));
  rmSync(file);
  await until('the loss is logged', () => JSON.stringify(refused).includes('bad: no file'));
  assert.equal(applied.length, 0);
  writeFileSync(file, 'good again');
  await until('the correction is applied', () => applied.includes('good again'));
});

test('two reloads at once are applied one after the other', { timeout }, async () => {
  const order: string[] = [];
  let count = 0;
  const load = async (): Promise<number> => {
    const mine = ++count;
    order.push(`read ${mine}`);
    await new Promise((resolve) => setImmediate(resolve));
    return mine;
  };
  const watch = watchConfig(NO_FILE, { load, apply: (n) => order.push(`apply ${n}`) }, quietLog, QUICK);
  await Promise.all([watch.reload(), watch.reload()]);
  assert.deepEqual(order, ['read 1', 'apply 1', 'read 2', 'apply 2']);
  watch.close();
  await watch.reload();
  assert.equal(order.includes('apply 3'), false);
});

test(
  'a fault of our own while applying is logged, and the next change is still applied',
  { timeout },
  async (t) => {
    const lines: unknown[] = [];
    let broken = true;
    let applied = 0;
    const apply = (): void => {
      if (broken) throw new TypeError('ours');
      applied++;
    };
    const log = { ...quietLog, error: (line: unknown) => lines.push(line) };
    const watch = watchConfig(NO_FILE, { load: () => Promise.resolve(1), apply }, log, QUICK);
    t.after(() => watch.close());
    await watch.reload();
    assert.equal(lines.length, 1);
    broken = false;
    await watch.reload();
    assert.equal(applied, 1);
  },
);
