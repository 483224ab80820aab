import type { SentLog } from '../lib/frame-age.js';

/**
 * Which pictures can be shown of those that arrived whole: each needs all before it, from its group's key frame on. Pure.
 * @param log pictures that arrived whole, by absolute number
 * @param gop pictures from key frame to key frame; numbers that it divides are key frames'
 */
export function decodable(log: SentLog, gop: number): ReadonlySet<number> {
  const can = new Set<number>();
  for (const [absolute] of log) if (absolute % gop === 0 || can.has(absolute - 1)) can.add(absolute);
  return can;
}

export interface ShownPictures {
  /** Pictures that the camera made, from the first that was shown to the last. */
  readonly made: number;
  /** Of these, those that could be shown, and those that were. */
  readonly expected: number;
  readonly shown: number;
  /** Shown although something that they need was lost. */
  readonly unexpected: number;
}

/** What was shown against what could be. @param shown absolute numbers */
export function shownOf(shown: readonly number[], can: ReadonlySet<number>): ShownPictures {
  const numbers = new Set(shown);
  const [first, last] = [Math.min(...numbers), Math.max(...numbers)];
  if (numbers.size === 0) return { made: 0, expected: 0, shown: 0, unexpected: 0 };
  return {
    made: last - first + 1,
    expected: [...can].filter((number) => number >= first && number <= last).length,
    shown: numbers.size,
    unexpected: [...numbers].filter((number) => !can.has(number)).length,
  };
}
