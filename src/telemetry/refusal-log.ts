import { TokenBucket } from '../shared/token-bucket.js';
import type { Log } from './log.js';

/** Lines at once, and a second: a flood of refusals must not be one of lines. The metrics count all. */
const BURST = 20;
const PER_SECOND = 1;

/**
 * Says in the log who was refused, and why.
 * @param now monotonic, ms
 */
export function createRefusalLog(
  log: Pick<Log, 'info'>,
  now: () => number,
): (refusal: { readonly code: string; readonly message: string }, client: string) => void {
  const lines = new TokenBucket(BURST, PER_SECOND);
  let leftOut = 0;
  return ({ code, message }, client) => {
    if (!lines.take(now())) {
      leftOut++;
      return;
    }
    const more = leftOut === 0 ? {} : { leftOut };
    leftOut = 0;
    log.info({ event: 'refused', reason: code, client, ...more }, `refused: ${message}`);
  };
}
