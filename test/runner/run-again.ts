import type { TestResult } from './results.js';

/** More files than this are not the machine's fault. */
const MOST_FILES = 2;

export interface AgainOptions {
  /** Runs them one after the other. */
  readonly run: (files: readonly string[]) => Promise<readonly TestResult[]>;
}

export interface AgainResults {
  readonly results: readonly TestResult[];
  /** Tests that failed first and passed then. */
  readonly unsteady: readonly TestResult[];
}

/**
 * Runs the files of failed tests once more, with the machine for themselves: on a shared machine a file beside others may get so little
 * of it that times and rates say nothing about the service, and one that is alone may share it with other machines. The second run counts,
 * whatever it says. Not when more than two failed: then something is broken.
 */
export async function runAgain(first: readonly TestResult[], { run }: AgainOptions): Promise<AgainResults> {
  const failed = first.filter(({ outcome }) => outcome === 'failed');
  const files = [...new Set(failed.map(({ file }) => file))];
  const isWorthIt = files.length > 0 && files.length <= MOST_FILES;
  if (!isWorthIt || files.some((file) => !file.endsWith('.test.js'))) return { results: first, unsteady: [] };
  const second = await run(files);
  const hasPassed = ({ file, name }: TestResult): boolean =>
    second.some((result) => result.file === file && result.name === name && result.outcome === 'passed');
  return {
    results: [...first.filter(({ file }) => !files.includes(file)), ...second],
    unsteady: failed.filter(hasPassed),
  };
}
