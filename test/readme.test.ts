import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { settingsTable } from '../src/config/settings.js';
import { CAMERA_FAULTS, REFUSALS } from '../src/shared/errors.js';

const path = fileURLToPath(new URL('../../README.md', import.meta.url));
const readme = (): string => readFileSync(path, 'utf8');

const BEGIN = '<!-- settings -->';
const END = '<!-- /settings -->';

function expectedTable(): string {
  const rows = settingsTable().map(({ name, fallback, doc }) => {
    const shown = fallback === '' ? '' : `\`${fallback}\``;
    return `| \`${name}\` | ${shown} | ${doc.replaceAll('|', '\\|')} |`;
  });
  return ['', '| setting | default | meaning |', '|---|---|---|', ...rows, ''].join('\n');
}

test("the README's settings table is the code's", { timeout: 30_000 }, () => {
  const text = readme();
  const from = text.indexOf(BEGIN) + BEGIN.length;
  const to = text.indexOf(END);
  assert.ok(from > 0 && to > from, 'README.md has its two marks');
  // `UPDATE_README=1 node --test dist/test/readme.test.js` writes the table anew.
  if (process.env['UPDATE_README'] === '1')
    writeFileSync(path, text.slice(0, from) + expectedTable() + text.slice(to));
  assert.equal(readme().slice(from, readme().indexOf(END)), expectedTable());
});

test('the README explains every close code, in both languages', { timeout: 30_000 }, () => {
  const spanish = readFileSync(path.replace(/README\.md$/, 'README.es.md'), 'utf8');
  const codes = [...Object.values(CAMERA_FAULTS), ...Object.values(REFUSALS)].map(({ close }) => close);
  for (const code of new Set(codes))
    for (const text of [readme(), spanish]) assert.match(text, new RegExp(`^\\| ${code} \\|`, 'm'));
});
