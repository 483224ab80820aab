import type { Auth, Grant } from './auth.js';
import { RefusedError } from './errors.js';
import { credentialsOf, type RequestFacts } from './http-request.js';
import type { OriginPolicy } from './origin.js';
import { RateLimit } from './rate-limit.js';

export interface AdmissionLimits {
  readonly maxViewers: number;
  /** 0 is no limit. */
  readonly maxPerAddress: number;
  /** New connections a second from one address; 0 is no limit. */
  readonly maxPerSecond: number;
}

/** Addresses whose connection rate is remembered; beyond it the oldest is forgotten. */
const REMEMBERED_ADDRESSES = 10_000;

/** Who may come in: origin, token, and how many there are already. */
export class Admission {
  #viewers = 0;
  readonly #perAddress = new Map<string, number>();
  readonly #rates = new Map<string, RateLimit>();

  constructor(
    private readonly auth: Auth,
    private readonly origins: OriginPolicy,
    private readonly limits: AdmissionLimits,
    private readonly secure: boolean,
    private readonly now: () => number,
  ) {}

  get viewers(): number {
    return this.#viewers;
  }

  /** A page of a foreign origin is refused before its token is looked at. Throws RefusedError `origin_denied`. */
  judgeOrigin(facts: RequestFacts): void {
    this.origins.judge({ origin: facts.origin, host: facts.host, secure: this.secure });
  }

  /** Throws or rejects with RefusedError `unauthenticated`. */
  authenticate(facts: RequestFacts, token: string | undefined): Grant | Promise<Grant> {
    return this.auth.authenticate(credentialsOf(facts, token));
  }

  /**
   * Counts a viewer in.
   * @returns the function that counts it out, to be called once
   * @throws RefusedError `too_many_viewers` or `too_many_connections`
   */
  enter(address: string): () => void {
    const { maxViewers, maxPerAddress, maxPerSecond } = this.limits;
    if (maxPerSecond > 0 && !this.#takeRate(address, maxPerSecond))
      throw new RefusedError(
        'too_many_connections',
        `more than ${maxPerSecond} connections a second from your address`,
      );
    if (this.#viewers >= maxViewers)
      throw new RefusedError('too_many_viewers', `all ${maxViewers} viewer places are taken: try later`);
    const here = this.#perAddress.get(address) ?? 0;
    if (maxPerAddress > 0 && here >= maxPerAddress)
      throw new RefusedError('too_many_viewers', `your address has all of its ${maxPerAddress} viewers`);
    this.#viewers++;
    this.#perAddress.set(address, here + 1);
    let inside = true;
    return () => {
      if (!inside) return;
      inside = false;
      this.#viewers--;
      const left = (this.#perAddress.get(address) ?? 1) - 1;
      if (left > 0) this.#perAddress.set(address, left);
      else this.#perAddress.delete(address);
    };
  }

  #takeRate(address: string, perSecond: number): boolean {
    const limit = this.#rates.get(address) ?? new RateLimit(perSecond, perSecond);
    this.#rates.delete(address);
    this.#rates.set(address, limit);
    if (this.#rates.size > REMEMBERED_ADDRESSES) {
      const [oldest] = this.#rates.keys();
      if (oldest !== undefined) this.#rates.delete(oldest);
    }
    return limit.take(this.now());
  }
}
