import { ClientRates } from './client-rates.js';
import type { Auth, Grant } from './auth.js';
import { clientNetwork } from './client-network.js';
import { RefusedError } from '../shared/errors.js';
import { credentialsOf, type RequestFacts } from './request-facts.js';
import type { OriginPolicy } from './origin.js';

export interface AdmissionLimits {
  readonly maxViewers: number;
  /** 0 is no limit. */
  readonly maxPerAddress: number;
  /** New connections a second from one address, refused ones included; 0 is no limit. */
  readonly maxPerSecond: number;
  /** Wrong tokens a minute from one address; 0 is no limit. */
  readonly maxFailuresPerMinute: number;
}

/** Who may come in: origin, token, and how many there are already. An address counts with its whole IPv6 network. */
export class Admission {
  #viewers = 0;
  readonly #perAddress = new Map<string, number>();
  readonly #arrivals: ClientRates;
  readonly #failures: ClientRates;

  constructor(
    private readonly auth: Auth,
    private readonly origins: OriginPolicy,
    private readonly limits: AdmissionLimits,
    private readonly secure: boolean,
    private readonly now: () => number,
  ) {
    const { maxPerSecond, maxFailuresPerMinute } = limits;
    this.#arrivals = new ClientRates(maxPerSecond, maxPerSecond);
    this.#failures = new ClientRates(maxFailuresPerMinute, maxFailuresPerMinute / 60);
  }

  get viewers(): number {
    return this.#viewers;
  }

  /**
   * Somebody who wants to watch is at the door: counted before anything is judged, so that refused ones count too.
   * @throws RefusedError `too_many_connections`
   */
  knock(address: string): void {
    if (this.#arrivals.take(clientNetwork(address), this.now())) return;
    const text = `more than ${this.limits.maxPerSecond} connections a second from your address`;
    throw new RefusedError('too_many_connections', text);
  }

  /** A page of a foreign origin is refused before its token is looked at. Throws RefusedError `origin_denied`. */
  judgeOrigin(facts: RequestFacts): void {
    this.origins.judge({ origin: facts.origin, host: facts.host, secure: this.secure });
  }

  /** Whether the foreign page that asks, if it is one, may show the picture. */
  mayEmbed(facts: RequestFacts): boolean {
    return this.origins.mayEmbed(facts.referer);
  }

  /** Throws or rejects with RefusedError `unauthenticated`, or `too_many_failures` before the token is looked at. */
  authenticate(facts: RequestFacts, token: string | undefined): Grant | Promise<Grant> {
    const credentials = credentialsOf(facts, token);
    const client = clientNetwork(facts.address);
    if (!this.#failures.has(client, this.now()))
      throw new RefusedError('too_many_failures', 'too many wrong tokens from your address: wait a minute');
    const failed = (error: unknown): never => {
      // Who has no token guesses none: a page that was opened without one asks for several things at once.
      if (credentials.authorization !== '' || credentials.token !== undefined)
        this.#failures.take(client, this.now());
      throw error;
    };
    try {
      const grant = this.auth.authenticate(credentials);
      return grant instanceof Promise ? grant.catch(failed) : grant;
    } catch (error) {
      return failed(error);
    }
  }

  /**
   * Counts a viewer in.
   * @returns the function that counts it out, to be called once
   * @throws RefusedError `too_many_viewers`
   */
  enter(address: string): () => void {
    const { maxViewers, maxPerAddress } = this.limits;
    if (this.#viewers >= maxViewers)
      throw new RefusedError('too_many_viewers', `all ${maxViewers} viewer places are taken: try later`);
    const client = clientNetwork(address);
    const here = this.#perAddress.get(client) ?? 0;
    if (maxPerAddress > 0 && here >= maxPerAddress)
      throw new RefusedError('too_many_viewers', `your address has all of its ${maxPerAddress} viewers`);
    this.#viewers++;
    this.#perAddress.set(client, here + 1);
    let inside = true;
    return () => {
      if (!inside) return;
      inside = false;
      this.#viewers--;
      const left = (this.#perAddress.get(client) ?? 1) - 1;
      if (left > 0) this.#perAddress.set(client, left);
      else this.#perAddress.delete(client);
    };
  }
}
