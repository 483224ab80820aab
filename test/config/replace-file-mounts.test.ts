import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { chmodSync, chownSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';
import { fileURLToPath } from 'node:url';
import { tempFolder } from '../support/temp-folder.js';

/** CONFIG_FILE where it cannot be replaced: mounts and users of a container, each in a mount namespace of its own. */

const timeout = 30_000;
const MODULE = fileURLToPath(new URL('../../src/config/replace-file.js', import.meta.url));

/** Replaces `one` by the text given, and prints what became of it. */
const REPLACE = `
  import { readdirSync, readFileSync } from 'node:fs';
  import { dirname } from 'node:path';
  const { replaceFile, revisionOf, assertReplaceable } = await import(process.argv[1]);
  const [path, text] = process.argv.slice(2);
  const said = (promise) => promise.then(() => 'done', (error) => error.message);
  console.log(await said(assertReplaceable(path)));
  console.log(await said(replaceFile(path, text, revisionOf('one'), false)));
  console.log(readFileSync(path, 'utf8').length + ' ' + readdirSync(dirname(path)));
`;

interface Outcome {
  /** What the page is told before anybody changes anything. */
  readonly before: string;
  readonly replaced: string;
  /** Length of the file, and what is in its folder. */
  readonly after: string;
}

/** @param prepare shell commands in the namespace; `$FILE` and `$FOLDER` are set */
function replaceIn(folder: string, prepare: string, { text = 'two', drop = '' } = {}): Outcome {
  const file = join(folder, 'cameras.yaml');
  const run = spawnSync(
    'unshare',
    [
      '--mount',
      'sh',
      '-ec',
      `${prepare}\nexec ${drop} "$NODE" --input-type=module -e "$SCRIPT" "$MODULE" "$FILE" "$TEXT"`,
    ],
    {
      encoding: 'utf8',
      timeout,
      env: {
        PATH: process.env['PATH'],
        NODE: process.execPath,
        SCRIPT: REPLACE,
        MODULE,
        FILE: file,
        FOLDER: folder,
        TEXT: text,
      },
    },
  );
  assert.equal(run.status, 0, run.stderr);
  const [before = '', replaced = '', after = ''] = run.stdout.trimEnd().split('\n');
  return { before, replaced, after };
}

function prepared(t: TestContext): { readonly folder: string; readonly file: string } {
  const folder = tempFolder(t);
  chmodSync(folder, 0o755);
  const file = join(folder, 'cameras.yaml');
  writeFileSync(file, 'one');
  return { folder, file };
}

test('a single file that is mounted into a container is told as such, beforehand too', { timeout }, (t) => {
  const { folder, file } = prepared(t);
  const other = join(tempFolder(t), 'a b.yaml');
  writeFileSync(other, 'one');
  const { before, replaced } = replaceIn(folder, `mount --bind "${other}" "$FILE"`);
  assert.match(before, /mounted by itself, as a single file: mount the folder/);
  assert.equal(replaced, before);
  assert.equal(readFileSync(other, 'utf8'), 'one');
  assert.equal(readFileSync(file, 'utf8'), 'one');
});

test('a read-only mount is told as such', { timeout }, (t) => {
  const { folder } = prepared(t);
  const { before, replaced } = replaceIn(
    folder,
    'mount --bind "$FOLDER" "$FOLDER"; mount -o remount,bind,ro "$FOLDER"',
  );
  assert.match(before, /read-only file system: mount it for writing/);
  assert.equal(replaced, before);
});

test('a full disk leaves the file as it was, and nothing beside it', { timeout }, (t) => {
  const { folder } = prepared(t);
  const { before, replaced, after } = replaceIn(
    folder,
    'mount -t tmpfs -o size=16k,mode=755 tmpfs "$FOLDER"; printf one > "$FILE"',
    { text: 'x'.repeat(20_000) },
  );
  assert.equal(before, 'done');
  assert.match(replaced, /finds no room on the disk/);
  assert.equal(after, '3 cameras.yaml');
});

test('a file keeps its owner, its group and its rights', { timeout }, (t) => {
  const { folder, file } = prepared(t);
  chownSync(file, 1234, 2345);
  chmodSync(file, 0o640);
  assert.deepEqual(replaceIn(folder, ''), { before: 'done', replaced: 'done', after: '3 cameras.yaml' });
  const { uid, gid, mode } = statSync(file);
  assert.deepEqual([uid, gid, mode & 0o777, readFileSync(file, 'utf8')], [1234, 2345, 0o640, 'two']);
});

/** Root without its privileges over files: an ordinary user to the kernel, who can read this checkout wherever it is. */
const ORDINARY = { drop: 'setpriv --bounding-set=-dac_override,-dac_read_search,-chown,-fowner' };
const OTHER = 1234;

test('who may not write the file or its folder is told, beforehand too', { timeout }, (t) => {
  const { folder, file } = prepared(t);
  for (const [what, folderOwner, fileOwner, fileMode] of [
    ['another’s folder', OTHER, 0, 0o600],
    ['a file that was made read-only', 0, 0, 0o400],
    ['another’s file', 0, OTHER, 0o644],
  ] as const) {
    chownSync(folder, folderOwner, folderOwner);
    chownSync(file, fileOwner, fileOwner);
    chmodSync(file, fileMode);
    const { before, replaced, after } = replaceIn(folder, '', ORDINARY);
    assert.match(before, /or its folder is not writable for this service/, what);
    assert.equal(replaced, before, what);
    assert.equal(after, '3 cameras.yaml', what);
  }
});

test('a file that could not keep its owner stays', { timeout }, (t) => {
  const { folder, file } = prepared(t);
  chownSync(file, OTHER, 0);
  chmodSync(file, 0o660);
  const { replaced, after } = replaceIn(folder, '', ORDINARY);
  assert.match(replaced, /cannot keep its owner: let the service’s user own it/);
  assert.equal(after, '3 cameras.yaml');
});
