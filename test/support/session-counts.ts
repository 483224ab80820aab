import type { SessionCounts } from '../../src/wall/session/session-deps.js';

/** Counts of a wall's session that nobody looks at. */
export const NO_SESSION_COUNTS: SessionCounts = {
  frameSkipped: () => undefined,
  unitSkipped: () => undefined,
  unitSent: () => undefined,
  tileForm: () => undefined,
  fellBack: () => undefined,
};
