/** What was measured is beyond a bound that a busy machine may miss. */
export class OutOfBounds extends Error {}

/** @param holds whether the measured time or rate is within its bound */
export function inBounds(holds: boolean, what: string): void {
  if (!holds) throw new OutOfBounds(what);
}

/**
 * For what can be done within a time, or at a rate, when nothing else takes the processors: up to three measurements, of which one
 * has to hold (`inBounds`). A fault that is always there fails all three. Anything else that fails is thrown at once: a wrong state
 * is wrong however busy the machine is.
 */
export async function onceInThreeTimes(measure: (attempt: number) => void | Promise<void>): Promise<void> {
  const missed: string[] = [];
  for (let attempt = 0; attempt < 3; attempt++) {
    try {
      await measure(attempt);
      return;
    } catch (error) {
      if (!(error instanceof OutOfBounds)) throw error;
      missed.push(error.message);
    }
  }
  throw new OutOfBounds(`three times: ${missed.join('; ')}`);
}
