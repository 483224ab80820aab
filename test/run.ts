import { existsSync, readdirSync, writeFileSync } from 'node:fs';
import { join, relative, sep } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { runAgain } from './runner/run-again.js';
import { slowestLines, type TestResult, totalsOf } from './runner/results.js';
import { runSuite } from './runner/run-suite.js';
import { inOrder, judgeNeeds, SUITES, suiteOf } from './runner/suites.js';

/**
 * Runs the tests: `node dist/test/run.js [--ci] [suite ...]`; without a suite all of them (test/runner/suites.ts).
 * What needs a program that this machine lacks is left out with a line that says so; with `--ci` (or CI=true) that is
 * a failure, and so is any skipped or todo test. Files that failed are run once more, alone, and named at the end.
 * Each result goes to dist/test-results.json.
 */

/** All suites take some fifteen minutes on two cores; beyond this something hangs. */
const RUN_TIMEOUT_MS = 18 * 60_000;

const compiled = fileURLToPath(new URL('.', import.meta.url));
const sources = fileURLToPath(new URL('../../test/', import.meta.url));

/** Compiled test files below dist/test/, without those whose source is gone. */
function findTests(): string[] {
  return readdirSync(compiled, { recursive: true, encoding: 'utf8' })
    .filter((file) => file.endsWith('.test.js') && existsSync(join(sources, file.replace(/\.js$/, '.ts'))))
    .map((file) => file.split(sep).join('/'))
    .sort();
}

/** The source of a compiled test, from the repository's root. */
const sourceOf = (file: string): string => `test/${relative(compiled, file).replace(/\.js$/, '.ts')}`;

function wantedSuites(names: readonly string[]): typeof SUITES {
  const unknown = names.filter((name) => !SUITES.some((suite) => suite.name === name));
  if (unknown.length === 0) return SUITES.filter(({ name }) => names.length === 0 || names.includes(name));
  throw new Error(`no suite ${unknown.join(', ')}; there are: ${SUITES.map(({ name }) => name).join(', ')}`);
}

async function main(stop: AbortSignal): Promise<number> {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: { ci: { type: 'boolean', default: process.env.CI === 'true' } },
  });
  const suites = wantedSuites(positionals);
  const files = findTests().filter((file) => suites.includes(suiteOf(file)));
  const { runnable, missing } = judgeNeeds(files);
  if (values.ci && missing.length > 0) throw new Error(`missing for ${missing.join('\n')}`);
  for (const line of missing) console.log(`! left out ${line}`);

  const first: TestResult[] = [];
  for (const suite of suites) {
    const own = runnable.filter((file) => suiteOf(file) === suite);
    if (own.length === 0) continue;
    console.log(`\n> ${suite.name} tests: ${own.length} files`);
    const paths = inOrder(own, suite).map((file) => join(compiled, file));
    first.push(...(await runSuite({ files: paths, concurrency: suite.concurrency, stop })));
  }
  const { results, unsteady } = await runAgain(first, {
    run: (files) => {
      console.log(`\n> failed, run again alone: ${files.map(sourceOf).join(', ')}`);
      return runSuite({ files, concurrency: 1, stop });
    },
  });
  writeFileSync(join(compiled, '../test-results.json'), JSON.stringify(results, null, 1));
  console.log('\nthe slowest ten:');
  for (const line of slowestLines(results, sourceOf)) console.log(line);
  if (unsteady.length > 0) {
    console.log('\nfailed and passed when run again alone: find the race, or the bound that is too tight');
    for (const { name, file } of unsteady) console.log(`  ${sourceOf(file)}  ${name}`);
  }
  const { passed, failed, skipped } = totalsOf(results);
  if (values.ci && skipped > 0) console.log('A skipped or todo test counts as a failure in CI.');
  console.log(`\ntotal: ${passed} passed, ${failed} failed, ${skipped} skipped`);
  return failed > 0 || passed === 0 || (values.ci && skipped > 0) ? 1 : 0;
}

const stop = new AbortController();
const watchdog = setTimeout(
  () => stop.abort(new Error(`the tests did not end within ${RUN_TIMEOUT_MS / 60_000} minutes: stopped`)),
  RUN_TIMEOUT_MS,
);
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
  process.once(signal, () => stop.abort(new Error(`stopped by ${signal}`)));
}
try {
  process.exitCode = await main(stop.signal);
} catch (error) {
  console.error(error instanceof Error ? error.message : error);
  process.exitCode = 1;
} finally {
  clearTimeout(watchdog);
}
