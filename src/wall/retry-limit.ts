import { BoundedMap } from '../shared/bounded-map.js';
import { TokenBucket } from '../shared/token-bucket.js';

/** Shortest time between two tries out of turn of one camera, ms. */
export const RETRY_EVERY_MS = 30_000;
/** As many as a person needs who mends a password, then one for each usual hold of five minutes. */
export const RETRIES_IN_A_ROW = 3;
const RETRIES_PER_SECOND = 1 / 300;

/** Cameras that are remembered; only those that were tried lately matter. */
const REMEMBERED = 1000;

/**
 * How often all walls together may have a camera tried out of turn. Each try is a connection to the camera, and cameras lock
 * accounts after some wrong passwords in a row.
 */
export class RetryLimit {
  readonly #cameras = new BoundedMap<string, { readonly triedAt: number; readonly budget: TokenBucket }>(
    REMEMBERED,
  );

  /**
   * Whether the camera may be tried now; if so, it counts as tried.
   * @param now monotonic, ms
   */
  take(camera: string, now: number): boolean {
    const known = this.#cameras.get(camera);
    if (known && now - known.triedAt < RETRY_EVERY_MS) return false;
    const budget = known?.budget ?? new TokenBucket(RETRIES_IN_A_ROW, RETRIES_PER_SECOND);
    if (!budget.take(now)) return false;
    this.#cameras.set(camera, { triedAt: now, budget });
    return true;
  }
}
