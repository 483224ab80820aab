import { z } from 'zod';

const testResult = z.object({
  name: z.string(),
  /** Absolute path of the compiled file. */
  file: z.string(),
  seconds: z.number(),
  /** Skipped stands for todo as well. */
  outcome: z.enum(['passed', 'failed', 'skipped']),
});

export type TestResult = z.infer<typeof testResult>;

/** @param text what the JSON reporter wrote; its last line may be torn when the runner was killed */
export function parseResults(text: string): TestResult[] {
  return text
    .split('\n')
    .slice(0, -1)
    .map((line) => testResult.parse(JSON.parse(line)));
}

export type Totals = Record<TestResult['outcome'], number>;

export function totalsOf(results: readonly TestResult[]): Totals {
  const count = (outcome: TestResult['outcome']): number =>
    results.filter((result) => result.outcome === outcome).length;
  return { passed: count('passed'), failed: count('failed'), skipped: count('skipped') };
}

const SLOWEST = 10;

/** The tests that took longest, slowest first, a line each: seconds, source file, name. */
export function slowestLines(results: readonly TestResult[], pathOf: (file: string) => string): string[] {
  return [...results]
    .sort((a, b) => b.seconds - a.seconds)
    .slice(0, SLOWEST)
    .map(({ name, file, seconds }) => `${seconds.toFixed(1).padStart(6)} s  ${pathOf(file)}  ${name}`);
}
