import { descendantsOf, fdCountOf, memoryOf, statOf } from './proc.js';

/** What a service uses at a moment, without its children. */
export interface UsageSample {
  /** Since the beginning of the run. */
  readonly minute: number;
  readonly rss: number;
  readonly fds: number;
  readonly threads: number;
  /** Processes below it, zombies too. */
  readonly children: number;
}

/** @param began `performance.now()` at the beginning of the run */
export function usageSample(pid: number, began: number): UsageSample {
  return {
    minute: (performance.now() - began) / 60_000,
    rss: memoryOf(pid)?.rssBytes ?? 0,
    fds: fdCountOf(pid) ?? 0,
    threads: statOf(pid)?.threads ?? 0,
    children: descendantsOf(pid).length,
  };
}

/** What a collection not yet due may hold, over the median of the first third of the run. */
const RSS_SLACK_BYTES = 32 * 1024 * 1024;

const median = (values: readonly number[]): number =>
  [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)] ?? 0;

/**
 * What has grown, in words; empty when nothing has.
 * @param rows the run, its first row from before the work began
 * @param settled when the work is over and what it left had time to go
 * @param slackBytes what resident memory may differ by between two moments of the work
 */
export function growth(
  rows: readonly UsageSample[],
  settled: UsageSample,
  slackBytes = RSS_SLACK_BYTES,
): string[] {
  const third = Math.ceil(rows.length / 3);
  const rssEarly = median(rows.slice(1, 1 + third).map(({ rss }) => rss));
  const rssLate = median(rows.slice(-third).map(({ rss }) => rss));
  const [first = settled] = rows;
  const wrong: string[] = [];
  if (rssLate > rssEarly * 1.1 + slackBytes) wrong.push(`RSS grew from ${rssEarly} to ${rssLate} bytes`);
  if (settled.fds > first.fds + 8) wrong.push(`descriptors grew from ${first.fds} to ${settled.fds}`);
  if (settled.threads > first.threads + 4)
    wrong.push(`threads grew from ${first.threads} to ${settled.threads}`);
  if (settled.children > first.children)
    wrong.push(`${settled.children} children, ${first.children} at first`);
  return wrong;
}

/** A row of numbers for the terminal. */
export const row = (cells: readonly (string | number)[]): string =>
  cells.map((cell) => String(cell).padStart(12)).join('');
