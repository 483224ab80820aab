import assert from 'node:assert/strict';
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, relative } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { ESLint } from 'eslint';
import { z } from 'zod';

const ROOT = fileURLToPath(new URL('../../../', import.meta.url));
const ROOMS = z
  .record(z.string(), z.object({ holds: z.string(), mayImport: z.array(z.string()) }))
  .parse(JSON.parse(readFileSync(`${ROOT}.eslint/rooms.json`, 'utf8')));
const NAMES = Object.keys(ROOMS);
const RULE = 'project/room-borders';
const timeout = 30_000;

/** The project's own configuration, without what needs type information: that takes ten seconds. */
const eslint = new ESLint({
  cwd: ROOT,
  overrideConfig: { languageOptions: { parserOptions: { project: null } } },
  ruleFilter: ({ ruleId }) => ruleId === RULE,
});

/** What lint says about a file of this room that imports `target` (a path without extension, from the root). */
async function faultsOf(room: string, target: string, statement = 'import'): Promise<string[]> {
  const file = `${ROOT}${room}/some-file.ts`;
  const path = relative(dirname(file), `${ROOT}${target}.js`);
  const from = path.startsWith('.') ? path : `./${path}`;
  const text =
    statement === 'import' ? `import { x } from '${from}';\nx();\n` : statement.replace('FROM', from);
  const [result] = await eslint.lintText(text, { filePath: file });
  return result?.messages.filter(({ ruleId }) => ruleId === RULE).map(({ message }) => message) ?? [];
}

/** The rooms, and the one file that a room may import of a room that is else closed to it. */
const isAllowed = (room: string, other: string): boolean =>
  room === other || (ROOMS[room]?.mayImport.some((name) => name === other || name === '*') ?? false);

for (const room of NAMES)
  test(`lint lets ${room}/ import the rooms of its row and no other`, { timeout }, async () => {
    for (const other of NAMES) {
      const faults = await faultsOf(room, `${other}/some-other-file`);
      assert.equal(faults.length, isAllowed(room, other) ? 0 : 1, `${room} -> ${other}: ${faults.join()}`);
    }
    const faults = await faultsOf(room, 'bench/lib/stats');
    assert.equal(faults.length, 1, 'the product does not import its benches');
  });

test(
  'lint sees forbidden imports in every form, and lets the named file of a closed room pass',
  { timeout },
  async () => {
    for (const statement of [
      "export * from 'FROM';\n",
      "export { x } from 'FROM';\n",
      "import type { X } from 'FROM';\nexport type Y = X;\n",
      "export const x = import('FROM');\n",
      "export type X = import('FROM').X;\n",
      "import 'FROM';\n",
    ]) {
      const [fault = ''] = await faultsOf('src/source', 'src/http/server', statement);
      assert.match(
        fault,
        /^src\/source\/ may not import src\/http\/server; it may import src\/shared/,
        statement,
      );
      assert.deepEqual(await faultsOf('src/source', 'src/shared/clock', statement), [], statement);
    }
    assert.deepEqual(await faultsOf('src/camera', 'src/config/camera-spec'), []);
    assert.equal((await faultsOf('src/camera', 'src/config/settings')).length, 1);
    assert.match(
      (await faultsOf('src/unheard-of', 'src/shared/clock'))[0] ?? '',
      /is no room of \.eslint\/rooms.json/,
    );
  },
);

test('the table has every room once, each importing only rooms above it: no circles', { timeout }, () => {
  const folders = readdirSync(`${ROOT}src`, { withFileTypes: true })
    .filter((entry) => entry.isDirectory())
    .map(({ name }) => `src/${name}`);
  assert.deepEqual([...NAMES].sort(), ['src', 'workers', ...folders].sort());
  for (const [at, room] of NAMES.entries())
    for (const name of ROOMS[room]?.mayImport ?? []) {
      if (name === '*') continue;
      if (!NAMES.includes(name)) assert.ok(existsSync(`${ROOT}${name}.ts`), `${room}: there is no ${name}`);
      const above = NAMES.findIndex((other) => name === other || name.startsWith(`${other}/`));
      assert.ok(above >= 0 && above < at, `${room} comes before ${name}`);
    }
});

const BEGIN = '<!-- rooms -->';
const END = '<!-- /rooms -->';

function expectedTable(): string {
  const rows = Object.entries(ROOMS).map(([room, { holds, mayImport }]) => {
    const names = mayImport.map((name) => (name === '*' ? 'anything' : `\`${name.replace(/^src\//, '')}\``));
    return `| \`${room === 'src' ? 'src' : room.replace(/^src\//, '')}/\` | ${holds} | ${names.join(', ') || 'nothing'} |`;
  });
  return ['', '', '| room | holds | may import |', '| --- | --- | --- |', ...rows, '', ''].join('\n');
}

test("ARCHITECTURE.md's table of rooms is the one that lint keeps", { timeout }, () => {
  const path = `${ROOT}ARCHITECTURE.md`;
  const text = readFileSync(path, 'utf8');
  const [from, to] = [text.indexOf(BEGIN) + BEGIN.length, text.indexOf(END)];
  assert.ok(from >= BEGIN.length && to > from, 'ARCHITECTURE.md has its two marks');
  // `UPDATE_ARCHITECTURE=1 node --test dist/test/lint/room-borders.test.js` writes the table anew.
  if (process.env['UPDATE_ARCHITECTURE'] === '1')
    writeFileSync(path, text.slice(0, from) + expectedTable() + text.slice(to));
  assert.ok(
    readFileSync(path, 'utf8').includes(`${BEGIN}${expectedTable()}${END}`),
    'the table is up to date',
  );
});
