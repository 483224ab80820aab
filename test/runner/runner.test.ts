import assert from 'node:assert/strict';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';
import { isAlive } from '../../bench/lib/proc.js';
import { until } from '../support/until.js';
import { tempFolder } from '../support/temp-folder.js';
import { runAgain } from './run-again.js';
import { parseResults, slowestLines, type TestResult, totalsOf } from './results.js';
import { runSuite, type SuiteRun } from './run-suite.js';
import { inOrder, SUITES, suiteOf } from './suites.js';

const timeout = 30_000;

/** Runs test files of these texts. */
function run(t: TestContext, texts: readonly string[], more: Partial<SuiteRun> = {}): Promise<TestResult[]> {
  const folder = tempFolder(t);
  const files = texts.map((text, at) => {
    const file = join(folder, `${at}.test.mjs`);
    writeFileSync(file, `import { describe, test } from 'node:test';\n${text}`);
    return file;
  });
  return runSuite({ files, concurrency: 2, stop: new AbortController().signal, output: 'ignore', ...more });
}

test('passed, failed, skipped and nested tests are counted, groups are not', { timeout }, async (t) => {
  const results = await run(t, [
    `describe('group', () => {
       test('passes', () => {});
       // The runner has to count these two: in CI they are failures.
       test('is skipped', { skip: true }, () => {});
       test('is todo', { todo: true }, () => {});
     });`,
    `test('outer', (t) => t.test('inner', () => {}));
     test('fails', () => { throw new Error('no'); });`,
  ]);
  assert.deepEqual(totalsOf(results), { passed: 3, failed: 1, skipped: 2 });
  assert.deepEqual(
    results.filter(({ outcome }) => outcome === 'failed').map(({ name }) => name),
    ['fails'],
  );
});

test('a file that cannot be loaded, and one without an end, are failures', { timeout }, async (t) => {
  const results = await run(
    t,
    ["throw new Error('torn');", "test('hangs', () => new Promise(() => setInterval(() => {}, 1000)));"],
    { fileTimeoutMs: 2000 },
  );
  assert.deepEqual(totalsOf(results), { passed: 0, failed: 2, skipped: 0 });
});

test('a run that is stopped ends what its tests have started', { timeout }, async (t) => {
  const note = join(tempFolder(t), 'pid');
  const stop = new AbortController();
  const running = run(
    t,
    [
      `import { spawn } from 'node:child_process';
       import { existsSync, readFileSync, writeFileSync } from 'node:fs';
       test('sleeps', async () => {
         const child = spawn('sleep', ['60']);
         writeFileSync(${JSON.stringify(note)}, String(child.pid));
         await new Promise((resolve) => child.once('exit', resolve));
       });`,
    ],
    { stop: stop.signal },
  );
  const pid = Number(
    await until('the test has started', () => existsSync(note) && readFileSync(note, 'utf8')),
  );
  stop.abort(new Error('stopped'));
  await assert.rejects(running, /stopped/);
  await until('its child is gone', () => !isAlive(pid));
});

test('files that failed are run once more alone, and the second run counts', { timeout }, async () => {
  const result = (file: string, name: string, outcome: TestResult['outcome']): TestResult => ({
    ...{ name, outcome },
    ...{ file: `/t/${file}.test.js`, seconds: 1 },
  });
  const first = [result('a', '1', 'passed'), result('b', '1', 'passed'), result('b', '2', 'failed')];
  const asked: string[] = [];
  const again = (outcome: TestResult['outcome'], results = first): ReturnType<typeof runAgain> =>
    runAgain(results, {
      run: (files) => {
        asked.push(...files);
        return Promise.resolve([result('b', '1', 'passed'), result('b', '2', outcome)]);
      },
    });

  const passed = await again('passed');
  assert.deepEqual(totalsOf(passed.results), { passed: 3, failed: 0, skipped: 0 });
  assert.deepEqual(passed.unsteady, [first[2]]);
  const failed = await again('failed');
  assert.deepEqual(totalsOf(failed.results), { passed: 2, failed: 1, skipped: 0 });
  assert.deepEqual(failed.unsteady, []);
  assert.deepEqual(asked, ['/t/b.test.js', '/t/b.test.js']);

  const many = ['a', 'b', 'c'].map((file) => result(file, '1', 'failed'));
  for (const results of [many, [result('a', '1', 'passed')]])
    assert.deepEqual(await again('passed', results), { results, unsteady: [] });
  assert.equal(asked.length, 2);
});

test('the folder or the end of the name says to which suite a file belongs', { timeout }, () => {
  for (const [file, suite] of [
    ['camera/backoff.test.js', 'quick'],
    ['relay/relay-slow.test.js', 'slow'],
    ['faults/stream.test.js', 'faults'],
    ['foreign-servers/gstreamer/gstreamer.test.js', 'foreign-servers'],
    ['wall/pause-browser.test.js', 'browser'],
    ['wall/wall-64-browser-alone.test.js', 'alone'],
    ['cluster/lease-nats.test.js', 'cluster'],
  ] as const)
    assert.equal(suiteOf(file).name, suite, file);
});

test('the slowest ten are named with their time and source', { timeout }, () => {
  const text = Array.from({ length: 12 }, (_, i) =>
    JSON.stringify({ name: `test ${i}`, file: '/x.test.js', seconds: i, outcome: 'passed' }),
  ).join('\n');
  const lines = slowestLines(parseResults(`${text}\n{"torn`), (file) => file);
  assert.equal(lines.length, 10);
  assert.equal(lines[0]?.trim(), '11.0 s  /x.test.js  test 11');
});

test('the files that take longest are begun first, and are there', { timeout }, () => {
  for (const suite of SUITES) {
    const sorted = [...(suite.first ?? [])].sort().map((file) => `${file}.test.js`);
    const source = (file: string): URL =>
      new URL(`../../../test/${file.replace(/\.js$/, '.ts')}`, import.meta.url);
    for (const file of sorted) {
      assert.ok(existsSync(source(file)), file);
      assert.equal(suiteOf(file), suite, file);
    }
    assert.deepEqual(
      inOrder(['a.test.js', ...sorted], suite),
      [...(suite.first ?? []), 'a'].map((file) => `${file}.test.js`),
    );
  }
});
