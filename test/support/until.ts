import { setTimeout as sleep } from 'node:timers/promises';

const POLL_MS = 20;
/** What a state is waited for without a bound of its own: a machine with ten times too much to do takes seconds for anything. */
const PATIENCE_MS = 20_000;

/** Asks again and again until the answer is neither undefined, null nor false. Rejects, naming what it waited for. */
export async function until<T>(
  what: string | (() => string),
  ask: () => T | Promise<T>,
  withinMs = PATIENCE_MS,
): Promise<Exclude<T, undefined | null | false>> {
  const deadline = performance.now() + withinMs;
  for (;;) {
    const answer = await ask();
    if (answer !== undefined && answer !== null && answer !== false)
      return answer as Exclude<T, undefined | null | false>;
    if (performance.now() > deadline)
      throw new Error(`not within ${withinMs} ms: ${typeof what === 'string' ? what : what()}`);
    await sleep(POLL_MS);
  }
}

/** Looks again and again until `judge` says yes; the last thing seen is in the error when it never does. */
export async function untilSeen<T>(
  look: () => T | Promise<T>,
  judge: (seen: T) => boolean,
  withinMs = PATIENCE_MS,
): Promise<T> {
  const deadline = performance.now() + withinMs;
  for (;;) {
    const seen = await look();
    if (judge(seen)) return seen;
    if (performance.now() > deadline)
      throw new Error(`not within ${withinMs} ms; last seen: ${JSON.stringify(seen)}`);
    await sleep(POLL_MS);
  }
}
