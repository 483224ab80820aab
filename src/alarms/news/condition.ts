import type { CameraSummary } from '../../camera/telemetry/camera-summary.js';

/**
 * What is told of a camera.
 * - `idle`: nobody watches it, so nothing is known
 * - `live`: pictures come
 * - `degraded`: pictures come, fewer than the camera sends: the machine is overloaded
 * - `frozen`: pictures come, but all are the same
 * - `offline`: no pictures
 *
 * In this order each is worse than the one before.
 */
export const CONDITIONS = ['idle', 'live', 'degraded', 'frozen', 'offline'] as const;
export type Condition = (typeof CONDITIONS)[number];

export const isWorse = (a: Condition, b: Condition): boolean => CONDITIONS.indexOf(a) > CONDITIONS.indexOf(b);

/** `unsettled` is between two: the camera connects, or its pictures stopped a moment ago. */
export type Seen = Condition | 'unsettled';

export function conditionOf({ state, degraded }: Pick<CameraSummary, 'state' | 'degraded'>): Seen {
  switch (state) {
    case 'idle':
    case 'frozen':
    case 'offline':
      return state;
    case 'connecting':
    case 'stale':
      return 'unsettled';
    case 'live':
      return degraded > 0 ? 'degraded' : 'live';
  }
}
