export interface BackoffTimes {
  /** First pause, ms. */
  readonly minMs: number;
  /** Longest pause, ms. */
  readonly maxMs: number;
}

/**
 * Pause before the next try: doubles with each failure, and is cut by up to a half at random, so that many services do not come back to
 * one receiver in step.
 * @param failures in a row, from 1
 * @param random 0 to 1
 */
export function pauseAfter(failures: number, { minMs, maxMs }: BackoffTimes, random: number): number {
  const longest = Math.min(maxMs, minMs * 2 ** Math.min(30, failures - 1));
  return Math.round(longest * (1 - random / 2));
}
