import assert from 'node:assert/strict';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';

const ROOT = fileURLToPath(new URL('../../', import.meta.url));
const TOPS = ['src', 'workers', 'test', 'bench', 'docker'];

const pages = [
  ...readdirSync(ROOT),
  ...TOPS.flatMap((top) =>
    readdirSync(ROOT + top, { recursive: true, encoding: 'utf8' }).map((name) => `${top}/${name}`),
  ),
].filter((name) => name.endsWith('.md'));

/** Links to files of the repository, relative to the page. */
const linksOf = (text: string): string[] =>
  [...text.matchAll(/\]\((?![a-z]+:)([^)#\s]+)/g)].map(([, target = '']) => target);

/** Anchors that a page links to, its own and other pages': target ('' is the page itself) and name. */
const anchorsOf = (text: string): { readonly target: string; readonly anchor: string }[] =>
  [...text.matchAll(/\]\((?![a-z]+:)([^)#\s]*)#([^)\s]+)\)/g)].map(([, target = '', anchor = '']) => ({
    target,
    anchor,
  }));

/** Anchors that a page's headings make, as GitHub does: lower case, dashes for blanks, other signs left out. */
const headingsOf = (text: string): string[] =>
  [...text.replace(/^```[^]*?^```/gm, '').matchAll(/^#+ (.+)$/gm)].map(([, heading = '']) =>
    heading
      .toLowerCase()
      .replace(/[^\p{L}\p{N} _-]/gu, '')
      .replaceAll(' ', '-'),
  );

/** Paths between backquotes that begin with a folder of the repository; what is built stands for its source. */
const pathsOf = (text: string): string[] =>
  [...text.matchAll(/`([^`\n]+)`/g)]
    .flatMap(([, code = '']) => code.split(/\s+/))
    .map((word) => word.replace(/^dist\/(.*)\.js$/, '$1.ts'))
    .filter((word) => new RegExp(`^(${TOPS.join('|')})/[\\w./-]+$`).test(word) && !word.includes('NAME'));

test('every link and path of the documentation is there', { timeout: 30_000 }, () => {
  assert.ok(pages.includes('README.md') && pages.includes('src/camera/README.md'), pages.join());
  const missing = pages.flatMap((page) => {
    const text = readFileSync(ROOT + page, 'utf8');
    const targets = [...linksOf(text).map((link) => join(dirname(page), link)), ...pathsOf(text)];
    return targets.filter((target) => !existsSync(ROOT + target)).map((target) => `${page}: ${target}`);
  });
  assert.deepEqual(missing, []);
});

test('every anchor that is linked to is a heading', { timeout: 30_000 }, () => {
  const missing = pages.flatMap((page) =>
    anchorsOf(readFileSync(ROOT + page, 'utf8'))
      .map(({ target, anchor }) => ({ file: target === '' ? page : join(dirname(page), target), anchor }))
      .filter(({ file }) => file.endsWith('.md'))
      .filter(({ file, anchor }) => !headingsOf(readFileSync(ROOT + file, 'utf8')).includes(anchor))
      .map(({ file, anchor }) => `${page}: ${file}#${anchor}`),
  );
  assert.deepEqual(missing, []);
  assert.deepEqual(anchorsOf('[a](#b) and [c](d.md#e)'), [
    { target: '', anchor: 'b' },
    { target: 'd.md', anchor: 'e' },
  ]);
  assert.deepEqual(headingsOf('# A `b`, c\n```sh\n# no\n```\n'), ['a-b-c']);
});

test('a link or path that leads nowhere is found', { timeout: 30_000 }, () => {
  assert.deepEqual(linksOf('see [it](no/such.md#part) and [that](https://example.org/x)'), ['no/such.md']);
  assert.deepEqual(pathsOf('run `node dist/bench/none/main.js --help` or read `src/none.ts`'), [
    'bench/none/main.ts',
    'src/none.ts',
  ]);
});
