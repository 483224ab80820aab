import { setTimeout as sleep } from 'node:timers/promises';
import { MachinePace } from './machine-pace.js';

const POLL_MS = 20;
/** What a state is waited for without a bound of its own. */
const PATIENCE_MS = 20_000;
/** A wait lasts at most this many times as long as it was given: the rest of the test needs time as well. */
const MOST_SLOWNESS = 4;

/**
 * Asks again and again until the answer is neither undefined, null nor false. Rejects, naming what it waited for.
 *
 * @param withinMs on an idle machine; one that has several times too much to do is given several times as long (`MachinePace`)
 */
export async function until<T>(
  what: string | (() => string),
  ask: () => T | Promise<T>,
  withinMs = PATIENCE_MS,
): Promise<Exclude<T, undefined | null | false>> {
  const isOver = patience(withinMs);
  for (;;) {
    const answer = await ask();
    if (answer !== undefined && answer !== null && answer !== false)
      return answer as Exclude<T, undefined | null | false>;
    if (isOver()) throw new Error(`not within ${withinMs} ms: ${typeof what === 'string' ? what : what()}`);
    await sleep(POLL_MS);
  }
}

/**
 * Looks again and again until `judge` says yes; the last thing seen is in the error when it never does.
 *
 * @param withinMs as with `until`
 */
export async function untilSeen<T>(
  look: () => T | Promise<T>,
  judge: (seen: T) => boolean,
  withinMs = PATIENCE_MS,
): Promise<T> {
  const isOver = patience(withinMs);
  for (;;) {
    const seen = await look();
    if (judge(seen)) return seen;
    if (isOver()) throw new Error(`not within ${withinMs} ms; last seen: ${JSON.stringify(seen)}`);
    await sleep(POLL_MS);
  }
}

/** Whether the time is over, to be asked now and then. */
function patience(withinMs: number): () => boolean {
  const began = performance.now();
  const pace = new MachinePace();
  return () => {
    pace.look();
    const waited = performance.now() - began;
    return waited > withinMs && waited > withinMs * Math.min(MOST_SLOWNESS, pace.slowness());
  };
}
