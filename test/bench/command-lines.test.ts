import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { existsSync, readdirSync } from 'node:fs';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { EX_USAGE } from '../../bench/lib/command-line.js';

/** Starts every bench, and every tool beside them, for its command line alone. */
const BENCH = fileURLToPath(new URL('../../../bench/', import.meta.url));
const NAMES = readdirSync(BENCH).filter((name) => existsSync(`${BENCH}${name}/main.ts`));

function run(name: string, args: readonly string[]) {
  const main = fileURLToPath(new URL(`../../bench/${name}/main.js`, import.meta.url));
  return spawnSync(process.execPath, [main, ...args], { encoding: 'utf8', timeout: 20_000 });
}

test('a bench is a folder with a main.ts', { timeout: 30_000 }, () => {
  for (const name of [
    'soak',
    'kiosk-soak',
    'overload',
    'slow-viewer',
    'demo',
    'fuzz',
    'run',
    'virtual-camera',
  ])
    assert.ok(NAMES.includes(name), name);
  assert.deepEqual(
    readdirSync(BENCH).filter((name) => name.endsWith('.ts')),
    [],
  );
});

for (const name of NAMES)
  test(`${name} explains itself, and tells a wrong option in one line`, { timeout: 60_000 }, () => {
    const help = run(name, ['--help']);
    assert.equal(help.status, 0, help.stderr);
    assert.match(help.stdout, /--help/);
    assert.equal(help.stderr, '');
    const wrong = run(name, ['--no-such-option']);
    assert.equal(wrong.status, EX_USAGE, wrong.stderr);
    assert.match(wrong.stderr, new RegExp(`^${name}: .*--no-such-option.*; see --help\\n$`));
    assert.equal(wrong.stdout, '');
  });
