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

/** A camera that was not there in time may be a moment later: while a wall opens, its machine is busy. */
const LATE_MS = 6_000;

/**
 * Wait before a refused tile asks again. Its camera may have been switched on meanwhile.
 * @param reason of the refusal; `open_timeout` is asked for again soon, once
 * @param tries since the camera was live
 * @param random in [0, 1)
 */
export function askAgainDelay(reason: string, tries: number, random: number): number {
  return (reason === 'open_timeout' && tries === 0 ? LATE_MS : REFUSED_MS) * (0.5 + random / 2);
}

/** The list of cameras is asked for this often. */
const LIST_MS = 5_000;
const LIST_LONGEST_MS = 30_000;
/** A refused token is not right a moment later, and each try counts against the address of all walls behind it. */
const LIST_REFUSED_MS = 30_000;
const LIST_REFUSED_LONGEST_MS = 300_000;

/**
 * Wait before the list of cameras is asked for again.
 * @param failures answers in a row without a list, this one included; 0 after a list
 * @param status HTTP status of this answer; 0 without one
 * @param random in [0, 1)
 */
export function listDelay(failures: number, status: number, random: number): number {
  if (failures === 0) return LIST_MS;
  const refused = status === 401 || status === 403 || status === 429;
  const [first, longest] = refused ? [LIST_REFUSED_MS, LIST_REFUSED_LONGEST_MS] : [LIST_MS, LIST_LONGEST_MS];
  return Math.min(longest, first * 2 ** Math.min(failures - 1, 10)) * (0.75 + random / 2);
}
