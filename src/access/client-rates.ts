import { BoundedMap } from '../shared/bounded-map.js';
import { TokenBucket } from '../shared/token-bucket.js';

/** Addresses that are remembered; beyond it the one that took something longest ago is forgotten. */
const REMEMBERED_ADDRESSES = 10_000;

/** A rate for each address. Only those that took something lately are remembered. */
export class ClientRates {
  readonly #rates = new BoundedMap<string, TokenBucket>(REMEMBERED_ADDRESSES);

  /** `burst` at once, then `perSecond`; a burst of 0 is no limit. */
  constructor(
    private readonly burst: number,
    private readonly perSecond: number,
  ) {}

  /** Whether there is one left to take. */
  has(address: string, now: number): boolean {
    return this.burst === 0 || (this.#rates.get(address)?.has(now) ?? true);
  }

  /** Takes one; false when there is none left. */
  take(address: string, now: number): boolean {
    if (this.burst === 0) return true;
    const rate = this.#rates.get(address) ?? new TokenBucket(this.burst, this.perSecond);
    this.#rates.set(address, rate);
    return rate.take(now);
  }
}
