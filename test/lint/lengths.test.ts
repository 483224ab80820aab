import assert from 'node:assert/strict';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { ESLint } from 'eslint';

const ROOT = fileURLToPath(new URL('../../../', import.meta.url));
const timeout = 30_000;

/** The project's own configuration, without what needs type information: that takes ten seconds. */
const eslint = new ESLint({
  cwd: ROOT,
  overrideConfig: { languageOptions: { parserOptions: { project: null } } },
  ruleFilter: ({ ruleId }) => ruleId.startsWith('max-lines'),
});

async function faultsOf(file: string, text: string): Promise<(string | null)[]> {
  const [result] = await eslint.lintText(text, { filePath: ROOT + file });
  return result?.messages.map(({ ruleId }) => ruleId) ?? [];
}

const lines = (count: number): string => 'x();\n'.repeat(count);

for (const folder of ['src/http', 'workers', 'src/wall/browser'])
  test(`lint refuses long files and functions in ${folder}/`, { timeout }, async () => {
    const file = `${folder}/some-file.ts`;
    assert.deepEqual(await faultsOf(file, lines(250)), []);
    assert.deepEqual(await faultsOf(file, lines(251)), ['max-lines']);
    assert.deepEqual(await faultsOf(file, `function f() {\n${lines(58)}}\n`), []);
    assert.deepEqual(await faultsOf(file, `function f() {\n${lines(59)}}\n`), ['max-lines-per-function']);
  });
