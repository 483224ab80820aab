/** How the numbers of successive pictures follow each other. Pure. */
export interface Order {
  readonly duplicates: number;
  readonly backwards: number;
  /** Pictures of the camera that the viewer did not get, between its first and its last. */
  readonly skipped: number;
  readonly unread: number;
}

/**
 * @param numbers in order of arrival, counted modulo `modulo`; null: unreadable.
 * A step of more than half the loop counts as backwards: a viewer that gets frames at all never waits that long.
 */
export function orderOf(numbers: readonly (number | null)[], modulo: number): Order {
  let duplicates = 0;
  let backwards = 0;
  let skipped = 0;
  let unread = 0;
  let before: number | null = null;
  for (const number of numbers) {
    if (number === null) {
      unread++;
      continue;
    }
    if (before !== null) {
      const step = (((number - before) % modulo) + modulo) % modulo;
      if (step === 0) duplicates++;
      else if (step * 2 > modulo) backwards++;
      else skipped += step - 1;
    }
    before = number;
  }
  return { duplicates, backwards, skipped, unread };
}
