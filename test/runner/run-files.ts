import { createWriteStream } from 'node:fs';
import { finished } from 'node:stream/promises';
import { run } from 'node:test';
import { spec } from 'node:test/reporters';
import report from './json-reporter.js';

/**
 * Runs test files in the order in which they are given; `node --test` sorts them by name. `run-files.js <concurrency> <ms for a file>
 * <file for the results> <test file>...`: readable report on stdout, exit code 1 when a test fails.
 */
const [concurrency, timeout, results = '', ...files] = process.argv.slice(2);
const tests = run({ files, concurrency: Number(concurrency), timeout: Number(timeout) });
tests.on('test:fail', ({ todo }) => {
  if (todo === undefined || todo === false) process.exitCode = 1;
});
tests.pipe(new spec()).pipe(process.stdout);
await finished(tests.compose(report).pipe(createWriteStream(results)));
