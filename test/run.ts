import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, sep } from 'node:path';
import { fileURLToPath } from 'node:url';
import {
  CHROMIUM,
  FFMPEG,
  GSTREAMER,
  NATS_SERVER,
  OPENSSL,
  PROMTOOL,
  type Requirement,
} from './support/requirements.js';

/**
 * Runs the tests: `node dist/test/run.js [--ci] [suite ...]`.
 * What needs a program that this machine lacks is left out with a line that says so; with `--ci` (or CI=true) that is
 * a failure, and so is any skipped or todo test.
 */

interface Suite {
  readonly name: string;
  /** Files at a time. The tests run real FFmpegs and browsers, and the machine may have two cores. */
  readonly concurrency: number;
  /** Whether the file (its path below test/, with slashes) belongs to it; the first suite that says yes takes it. */
  owns(file: string): boolean;
}

interface Totals {
  readonly passed: number;
  readonly failed: number;
  /** Skipped or todo. */
  readonly skipped: number;
}

const SUITES: readonly Suite[] = [
  { name: 'foreign-servers', concurrency: 1, owns: (file) => file.startsWith('foreign-servers/') },
  // Its page needs all that the machine has.
  { name: 'large-wall', concurrency: 1, owns: (file) => file === 'wall/wall-64-browser.test.js' },
  { name: 'browser', concurrency: 2, owns: (file) => file.includes('browser') },
  { name: 'faults', concurrency: 2, owns: (file) => file.startsWith('faults/') },
  // Each starts nodes in processes of their own.
  { name: 'cluster', concurrency: 1, owns: (file) => file.startsWith('cluster/') && file.includes('nats') },
  { name: 'unit', concurrency: 2, owns: () => true },
];

/** Files whose path contains the word need the thing. */
const NEEDS: readonly { readonly word: string; readonly need: Requirement }[] = [
  { word: 'gstreamer/', need: GSTREAMER },
  { word: 'gstreamer/', need: FFMPEG },
  { word: 'faults/', need: FFMPEG },
  { word: 'ffprobe', need: FFMPEG },
  { word: 'browser', need: CHROMIUM },
  { word: 'promtool', need: PROMTOOL },
  { word: 'tls', need: OPENSSL },
  { word: 'nats', need: NATS_SERVER },
];

/** One test file with a handle left open would otherwise wait for ever. */
const FILE_TIMEOUT_MS = 150_000;
/** The whole run takes six to eight minutes on two cores; beyond this something hangs. */
const RUN_TIMEOUT_MS = 14 * 60_000;
const KILL_AFTER_MS = 5_000;

const compiled = fileURLToPath(new URL('.', import.meta.url));
const sources = fileURLToPath(new URL('../../test/', import.meta.url));

/** Compiled test files below dist/test/, without those whose source is gone. */
function findTests(): string[] {
  return readdirSync(compiled, { recursive: true, encoding: 'utf8' })
    .filter((file) => file.endsWith('.test.js') && existsSync(join(sources, file.replace(/\.js$/, '.ts'))))
    .map((file) => file.split(sep).join('/'))
    .sort();
}

/** Files whose needs are met; says what is missing for the others. */
function runnable(files: readonly string[], ci: boolean): string[] {
  let left = [...files];
  for (const { word, need } of NEEDS) {
    const concerned = left.filter((file) => file.includes(word));
    if (concerned.length === 0) continue;
    const missing = need.missing();
    if (missing === '') continue;
    const line = `${concerned.join(', ')}: needs ${need.what} (${missing}). To get it: ${need.install}`;
    if (ci) throw new Error(`missing for ${line}`);
    console.log(`! left out ${line}`);
    left = left.filter((file) => !file.includes(word));
  }
  return left;
}

/** The counts at the end of node's TAP report. */
function parseTotals(tap: string): Totals {
  const count = (name: string): number => {
    const found = new RegExp(`^# ${name} (\\d+)$`, 'm').exec(tap)?.[1];
    if (found === undefined) throw new Error('node:test ended without its totals');
    return Number(found);
  };
  return {
    passed: count('pass'),
    failed: count('fail') + count('cancelled'),
    skipped: count('skipped') + count('todo'),
  };
}

/** Runs one suite with node's own runner, its report streamed to this terminal. */
async function runSuite(suite: Suite, files: readonly string[], stop: AbortSignal): Promise<Totals> {
  const folder = mkdtempSync(join(tmpdir(), 'test-run-'));
  const tap = join(folder, 'report.tap');
  const args = [
    '--test',
    `--test-concurrency=${suite.concurrency}`,
    `--test-timeout=${FILE_TIMEOUT_MS}`,
    '--test-reporter=spec',
    '--test-reporter-destination=stdout',
    '--test-reporter=tap',
    `--test-reporter-destination=${tap}`,
    ...files.map((file) => join(compiled, file)),
  ];
  // A process group of its own: ending the group reaches whatever a test had started.
  const child = spawn(process.execPath, args, { stdio: ['ignore', 'inherit', 'inherit'], detached: true });
  const signalGroup = (signal: NodeJS.Signals): void => {
    if (child.pid === undefined) return;
    try {
      process.kill(-child.pid, signal);
    } catch {
      // The group is gone already.
    }
  };
  let kill: NodeJS.Timeout | undefined;
  const end = (): void => {
    signalGroup('SIGTERM');
    kill = setTimeout(() => signalGroup('SIGKILL'), KILL_AFTER_MS);
  };
  stop.addEventListener('abort', end, { once: true });
  try {
    const exit: readonly unknown[] = await once(child, 'exit');
    stop.throwIfAborted();
    const totals = parseTotals(readFileSync(tap, 'utf8'));
    // A runner that fails without a failed test (an uncaught error of its own) must not pass for a success.
    return exit[0] === 0 || totals.failed > 0 ? totals : { ...totals, failed: 1 };
  } finally {
    clearTimeout(kill);
    stop.removeEventListener('abort', end);
    signalGroup('SIGKILL');
    rmSync(folder, { recursive: true, force: true });
  }
}

async function main(args: readonly string[], stop: AbortSignal): Promise<number> {
  const ci = args.includes('--ci') || process.env.CI === 'true';
  const wanted = args.filter((arg) => !arg.startsWith('--'));
  const unknown = wanted.filter((name) => !SUITES.some((suite) => suite.name === name));
  if (unknown.length > 0) {
    throw new Error(`no suite ${unknown.join(', ')}; there are: ${SUITES.map((s) => s.name).join(', ')}`);
  }

  const files = findTests();
  const suiteOf = (file: string): Suite | undefined => SUITES.find((suite) => suite.owns(file));
  // Unit tests first: what they find explains what would fail after them.
  const plan = [...SUITES].reverse().filter((suite) => wanted.length === 0 || wanted.includes(suite.name));
  const chosen = runnable(
    files.filter((file) => plan.some((suite) => suite === suiteOf(file))),
    ci,
  );

  const sum = { passed: 0, failed: 0, skipped: 0 };
  for (const suite of plan) {
    const own = chosen.filter((file) => suiteOf(file) === suite);
    if (own.length === 0) continue;
    console.log(`\n> ${suite.name} tests: ${own.length} files`);
    const totals = await runSuite(suite, own, stop);
    sum.passed += totals.passed;
    sum.failed += totals.failed;
    sum.skipped += totals.skipped;
  }
  if (ci && sum.skipped > 0) console.log('A skipped or todo test counts as a failure in CI.');
  console.log(`\ntotal: ${sum.passed} passed, ${sum.failed} failed, ${sum.skipped} skipped`);
  return sum.failed > 0 || sum.passed === 0 || (ci && sum.skipped > 0) ? 1 : 0;
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
  process.exitCode = await main(process.argv.slice(2), stop.signal);
} catch (error) {
  console.error(error instanceof Error ? error.message : error);
  process.exitCode = 1;
} finally {
  clearTimeout(watchdog);
}
