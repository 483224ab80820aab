import { createAuth, type Auth, type Grant } from './auth.js';
import { clientNetwork } from './client-network.js';
import { ClientRates } from './client-rates.js';
import type { OriginPolicy } from './origin.js';
import { parseQuery } from './query.js';
import { credentialsOf, type RequestFacts } from './request-facts.js';
import { RefusedError } from '../shared/errors.js';

export interface AdmissionLimits {
  readonly maxViewers: number;
  /** 0 is no limit. */
  readonly maxPerAddress: number;
  /** New connections a second from one address, refused ones included; 0 is no limit. */
  readonly maxPerSecond: number;
  /** Wrong tokens a minute from one address; 0 is no limit. */
  readonly maxFailuresPerMinute: number;
}

/** Whoever asked is let in: with what rights, and what was asked for. */
export interface Admitted {
  readonly grant: Grant;
  /** The query, split and decoded. */
  readonly parameters: ReadonlyMap<string, string>;
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

  /** False: tokens are not configured, and everybody is let in. */
  get asksForTokens(): boolean {
    return this.auth.enabled;
  }

  /**
   * Judges somebody who wants to watch, in the order connection rate, origin, query, token. The attempt is counted before it is
   * judged, so that refused ones count too.
   * @returns what `next` makes of it; a promise only when the token is a JWT
   * @throws or rejects with RefusedError `too_many_connections` or as `identify`
   */
  admit<T>(facts: RequestFacts, next: (admitted: Admitted) => T): T | Promise<T> {
    this.#countAttempt(facts.address);
    return this.identify(facts, next);
  }

  /**
   * Judges a request that watches nothing: origin, query, token. A page of a foreign origin is refused before its token is looked at.
   * @returns what `next` makes of it; a promise only when the token is a JWT
   * @throws or rejects with RefusedError `origin_denied`, `bad_parameter`, `unauthenticated`, or `too_many_failures` before the
   *   token is looked at
   */
  identify<T>(facts: RequestFacts, next: (admitted: Admitted) => T): T | Promise<T> {
    this.origins.judge({ origin: facts.origin, host: facts.host, secure: this.secure });
    const parameters = parseQuery(facts.query);
    const grant = this.#authenticate(facts, parameters.get('token'));
    const admitted = (known: Grant): T => next({ grant: known, parameters });
    return grant instanceof Promise ? grant.then(admitted) : admitted(grant);
  }

  /** Whether the foreign page that asks, if it is one, may show the picture. */
  mayEmbed(facts: RequestFacts): boolean {
    return this.origins.mayEmbed(facts.referer);
  }

  /**
   * Counts a viewer in.
   * @returns the function that counts it out; a second call does nothing
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

  #countAttempt(address: string): void {
    if (this.#arrivals.take(clientNetwork(address), this.now())) return;
    const text = `more than ${this.limits.maxPerSecond} connections a second from your address`;
    throw new RefusedError('too_many_connections', text);
  }

  #authenticate(facts: RequestFacts, token: string | undefined): Grant | Promise<Grant> {
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
}

/** The settings that say who may come in. */
export interface AccessSettings {
  readonly AUTH_TOKENS: readonly string[];
  readonly AUTH_JWT_SECRET: string;
  readonly MAX_VIEWERS: number;
  readonly MAX_VIEWERS_PER_ADDRESS: number;
  readonly MAX_CONNECTIONS_PER_SECOND: number;
  readonly MAX_FAILED_TOKENS_PER_MINUTE: number;
}

/**
 * @param secure whether this service itself speaks TLS
 * @param now monotonic, ms
 */
export function createAdmission(
  settings: AccessSettings,
  origins: OriginPolicy,
  secure: boolean,
  now: () => number,
): Admission {
  return new Admission(
    createAuth({ tokens: settings.AUTH_TOKENS, jwtSecret: settings.AUTH_JWT_SECRET }),
    origins,
    {
      maxViewers: settings.MAX_VIEWERS,
      maxPerAddress: settings.MAX_VIEWERS_PER_ADDRESS,
      maxPerSecond: settings.MAX_CONNECTIONS_PER_SECOND,
      maxFailuresPerMinute: settings.MAX_FAILED_TOKENS_PER_MINUTE,
    },
    secure,
    now,
  );
}
