/** Waits between tries to reach the server: doubling, with jitter, so that 50 walls do not come back in one instant. */
const FIRST_MS = 500;
const LONGEST_MS = 15_000;
/** Refused, as a page by token or origin, or as a tile: trying on soon would change nothing. */
const REFUSED_MS = 30_000;

/** `tries` before this one (0 and up); `random` in [0, 1). Half to all of the step. */
export function retryDelay(tries: number, random: number, closeCode = 0): number {
  const refused = closeCode === 4401 || closeCode === 4403;
  const step = refused ? REFUSED_MS : Math.min(LONGEST_MS, FIRST_MS * 2 ** Math.min(tries, 10));
  return step * (0.5 + random / 2);
}

/** Wait before a refused tile asks again; `random` in [0, 1). Its camera may have been switched on meanwhile. */
export const askAgainDelay = (random: number): number => REFUSED_MS * (0.5 + random / 2);
