import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseResults, type TestResult } from './results.js';

/** For a whole file. A test has its own timeout (a lint rule asks for it); a handle left open would hold the file for ever. */
const FILE_TIMEOUT_MS = 180_000;
const KILL_AFTER_MS = 5_000;
const RUN_FILES = fileURLToPath(new URL('./run-files.js', import.meta.url));

export interface SuiteRun {
  readonly files: readonly string[];
  readonly concurrency: number;
  readonly stop: AbortSignal;
  /** Where the readable report goes. Default: this terminal. */
  readonly output?: 'inherit' | 'ignore';
  readonly fileTimeoutMs?: number;
}

/**
 * Runs test files in their order with node's own runner, its report streamed to this terminal. Rejects when `stop` is aborted.
 * A runner that fails without a failed test (an uncaught error of its own) gives a failed result of its own.
 */
export async function runSuite({ files, concurrency, stop, ...more }: SuiteRun): Promise<TestResult[]> {
  const { output = 'inherit', fileTimeoutMs = FILE_TIMEOUT_MS } = more;
  const folder = mkdtempSync(join(tmpdir(), 'test-run-'));
  const report = join(folder, 'results.jsonl');
  const args = [RUN_FILES, String(concurrency), String(fileTimeoutMs), report, ...files];
  // A process group of its own: ending the group reaches whatever a test had started.
  const child = spawn(process.execPath, args, {
    stdio: ['ignore', output, output],
    detached: true,
    // Else a run inside a test would take itself for one of that test's files.
    env: { ...process.env, NODE_TEST_CONTEXT: undefined },
  });
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
    const results = parseResults(readFileSync(report, 'utf8'));
    if (exit[0] === 0 || results.some(({ outcome }) => outcome === 'failed')) return results;
    return [...results, { name: 'the test runner', file: report, seconds: 0, outcome: 'failed' }];
  } finally {
    clearTimeout(kill);
    stop.removeEventListener('abort', end);
    signalGroup('SIGKILL');
    rmSync(folder, { recursive: true, force: true });
  }
}
