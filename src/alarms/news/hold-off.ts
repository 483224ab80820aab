import { type Condition, isWorse, type Seen } from './condition.js';

/**
 * When a camera's condition is told. A condition has to last before it is, so that a short gap is no message at all. What is worse than
 * what was told counts from the moment at which the camera left that, whatever it did in between: a camera that comes and goes is told
 * to be offline once. What is better has to last without a break: such a camera is told to be back only when it stays.
 */
export type HoldOff =
  /** Nothing was told yet. */
  | { readonly phase: 'new' }
  /** The camera is as it was told. */
  | { readonly phase: 'settled'; readonly told: Condition }
  /** It left what was told, to be told as worse at `due`. `backSince` is when it came back, if it is; times are monotonic, ms. */
  | {
      readonly phase: 'worsening';
      readonly told: Condition | null;
      readonly due: number;
      readonly backSince: number | null;
    }
  /** It has been better than it was told without a break, and is told so at `due`. */
  | { readonly phase: 'improving'; readonly told: Condition; readonly to: Condition; readonly due: number };

export const UNTOLD: HoldOff = { phase: 'new' };

/** What was told last; `null` before the first. */
export const toldOf = (holdOff: HoldOff): Condition | null => (holdOff.phase === 'new' ? null : holdOff.told);

/**
 * One look at a camera.
 * @param now monotonic, ms
 * @param holdMs how long a condition has to last
 * @returns the next phase, and what to tell now; `null` is nothing
 */
export function look(
  before: HoldOff,
  seen: Seen,
  now: number,
  holdMs: number,
): { readonly next: HoldOff; readonly tell: Condition | null } {
  const next = step(before, seen, now, holdMs);
  if (seen === 'unsettled' || !('due' in next) || now < next.due || seen === next.told)
    return { next, tell: null };
  return { next: { phase: 'settled', told: seen }, tell: seen };
}

function step(before: HoldOff, seen: Seen, now: number, holdMs: number): HoldOff {
  const told = toldOf(before);
  const leaving: HoldOff = { phase: 'worsening', told, due: now + holdMs, backSince: null };
  switch (before.phase) {
    case 'new':
      return leaving;
    case 'settled':
    case 'improving':
      if (seen === before.told) return { phase: 'settled', told: before.told };
      if (seen === 'unsettled')
        return before.phase === 'improving' ? { phase: 'settled', told: before.told } : leaving;
      if (isWorse(seen, before.told)) return leaving;
      if (before.phase === 'improving' && before.to === seen) return before;
      return { phase: 'improving', told: before.told, to: seen, due: now + holdMs };
    case 'worsening': {
      if (told === null) return before;
      if (seen === 'unsettled' || isWorse(seen, told)) return { ...before, backSince: null };
      if (seen !== told) return { phase: 'improving', told, to: seen, due: now + holdMs };
      const backSince = before.backSince ?? now;
      return now - backSince >= holdMs ? { phase: 'settled', told } : { ...before, backSince };
    }
  }
}
