/** Sequences of the `/wall` socket are uint32 and wrap. */

export const follows = (sequence: number, before: number): boolean => sequence === (before + 1) >>> 0;

/** The later of two that are less than half of the range apart. */
export const laterOf = (a: number, b: number): number => (((a - b) | 0) >= 0 ? a : b);
