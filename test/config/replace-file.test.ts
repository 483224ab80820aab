import assert from 'node:assert/strict';
import { chmodSync, readdirSync, readFileSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { replaceFile, revisionOf } from '../../src/config/replace-file.js';
import { EditError } from '../../src/shared/errors.js';
import { tempFolder } from '../support/temp-folder.js';

const timeout = 30_000;

const refusal = async (promise: Promise<void>): Promise<string> => {
  const error: unknown = await promise.then(
    () => null,
    (reason: unknown) => reason,
  );
  assert.ok(error instanceof EditError, String(error));
  return `${error.code} ${error.message}`;
};

test(
  'a file is replaced as a whole, with its rights, and nothing stays beside it',
  { timeout },
  async (t) => {
    const folder = tempFolder(t);
    const file = join(folder, 'cams.yaml');
    writeFileSync(file, 'one');
    chmodSync(file, 0o664);
    await replaceFile(file, 'two', revisionOf('one'), false);
    assert.deepEqual([readFileSync(file, 'utf8'), statSync(file).mode & 0o777], ['two', 0o664]);
    await replaceFile(file, 'three', revisionOf('two'), true);
    assert.deepEqual([readFileSync(file, 'utf8'), statSync(file).mode & 0o777], ['three', 0o600]);
    assert.deepEqual(readdirSync(folder), ['cams.yaml']);
  },
);

test(
  'of several replacements of one revision one is done, and the others are refused',
  { timeout },
  async (t) => {
    const folder = tempFolder(t);
    const file = join(folder, 'cams.yaml');
    writeFileSync(file, 'one');
    const results = await Promise.allSettled(
      ['a', 'b', 'c', 'd'].map((text) => replaceFile(file, text, revisionOf('one'), false)),
    );
    const done = results.flatMap(({ status }, at) => (status === 'fulfilled' ? ['abcd'[at]] : []));
    assert.deepEqual(done, [readFileSync(file, 'utf8')]);
    assert.deepEqual(readdirSync(folder), ['cams.yaml']);
  },
);

test('what cannot be replaced is told with what to do, and stays', { timeout }, async (t) => {
  const folder = tempFolder(t);
  const file = join(folder, 'cams.yaml');
  assert.match(await refusal(replaceFile(file, 'x', '', false)), /^file_not_writable .*is not there/);
  writeFileSync(file, 'one');
  assert.match(await refusal(replaceFile(file, 'x', revisionOf('two'), false)), /^file_changed /);
  const link = join(folder, 'link.yaml');
  symlinkSync(file, link);
  assert.match(
    await refusal(replaceFile(link, 'x', revisionOf('one'), false)),
    /^file_not_writable .*symbolic link.*ConfigMap/,
  );
  assert.equal(readFileSync(file, 'utf8'), 'one');
  assert.deepEqual(readdirSync(folder).sort(), ['cams.yaml', 'link.yaml']);
});
