import type { Clock } from '../../shared/clock.js';
import type { CameraErrorCode } from '../../shared/errors.js';
import type { Lease } from './lease.js';
import type { LocalRun } from './local-run.js';

/** The camera has two sessions from here on: the new owner's first frame must come within this, ms. */
const FIRST_FRAME_MS = 3500;

export interface TakeOverDeps {
  readonly clock: Clock;
  /** Tells the owner that its lease may pass to this node, or why not. */
  readonly requestPass: (owner: string, stream: string, failed: CameraErrorCode | null) => Promise<void>;
  /** The lease, if the bucket says that it is this node's. */
  readonly adopt: (stream: string) => Promise<Lease | null>;
}

/**
 * Makes before it breaks: waits for the first frame of this node's own run, then has the owner pass the lease.
 * @returns the lease; `null` when the camera stays where it is
 */
export async function takeOver(
  owner: string,
  stream: string,
  local: LocalRun,
  deps: TakeOverDeps,
): Promise<Lease | null> {
  const outcome = await local.firstOutcome(FIRST_FRAME_MS, deps.clock);
  await deps.requestPass(owner, stream, outcome === 'live' ? null : outcome);
  // The answer may be lost although the lease has passed: what stands in the bucket counts.
  return outcome === 'live' ? deps.adopt(stream) : null;
}
