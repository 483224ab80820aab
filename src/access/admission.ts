import { createHash } from 'node:crypto';
import type { Auth, Credentials, Grant } from './auth.js';
import { addressText, clientNetwork } from './client-network.js';
import { ClientRates } from './client-rates.js';
import type { OriginPolicy } from './origin.js';
import { parseQuery } from './query.js';
import { credentialsOf, type RequestFacts } from './request-facts.js';
import { BoundedMap } from '../shared/bounded-map.js';
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

/**
 * What a request wants: to watch a camera, to read what the service tells, or a file of the page, which others may link to. A probe is
 * answered in any case, and only told less.
 */
export type Purpose = 'watch' | 'read' | 'page' | 'probe';

/** Told of each refusal but those of probes. */
export type OnRefused = (error: RefusedError, address: string) => void;

/** Right tokens that are remembered; beyond it the one that was used longest ago is forgotten. */
const REMEMBERED_TOKENS = 10_000;

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
  /** Tokens that were right, by client: digests, so that none can be read from memory. */
  readonly #accepted = new BoundedMap<string, true>(REMEMBERED_TOKENS);

  constructor(
    private readonly auth: Auth,
    private readonly origins: OriginPolicy,
    private readonly limits: AdmissionLimits,
    private readonly now: () => number,
    private readonly onRefused: OnRefused = () => undefined,
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
   * Judges a request in the order proxies' headers, origin, connection rate (of who wants to watch), query, token. A page of a foreign origin is refused
   * before anything is counted: it must not use up what the visitor's address has. After that an attempt counts whatever becomes of it.
   * @returns what `next` makes of it; a promise only when the token is a JWT
   * @throws or rejects with RefusedError `origin_denied`, `too_many_connections`, `bad_parameter`, `unauthenticated`,
   *   `keys_unavailable`, or `too_many_failures` before the token is looked at
   */
  admit<T>(purpose: Purpose, facts: RequestFacts, next: (admitted: Admitted) => T): T | Promise<T> {
    const failed = (error: unknown): never => {
      if (purpose !== 'probe') this.#tell(error, facts.address);
      throw error;
    };
    try {
      const judged = this.#judge(purpose, facts, next);
      return judged instanceof Promise ? judged.catch(failed) : judged;
    } catch (error) {
      return failed(error);
    }
  }

  #judge<T>(purpose: Purpose, facts: RequestFacts, next: (admitted: Admitted) => T): T | Promise<T> {
    if (facts.refusal) throw facts.refusal;
    this.origins.judge(facts);
    const foreign = this.origins.isForeign(facts);
    if (foreign && purpose !== 'page')
      throw new RefusedError('origin_denied', 'a page of another origin asks: add that to ALLOWED_ORIGINS');
    if (purpose === 'watch') this.#countAttempt(facts.address);
    const parameters = parseQuery(facts.query);
    const grant = this.#authenticate(facts, parameters.get('token'), foreign);
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
    try {
      return this.#enter(address);
    } catch (error) {
      this.#tell(error, address);
      throw error;
    }
  }

  #tell(error: unknown, address: string): void {
    if (error instanceof RefusedError) this.onRefused(error, addressText(address));
  }

  #enter(address: string): () => void {
    const { maxViewers, maxPerAddress } = this.limits;
    if (maxViewers === 0)
      throw new RefusedError('too_many_viewers', 'this node serves no viewers: connect to another one');
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

  /** @param foreign another site's link brought the token: its tries are counted apart from the visitor's own */
  #authenticate(facts: RequestFacts, token: string | undefined, foreign: boolean): Grant | Promise<Grant> {
    const credentials = credentialsOf(facts, token);
    const client = clientNetwork(facts.address);
    const counted = foreign ? `${client} by links` : client;
    // Who has no token guesses none: a page that was opened without one asks for several things at once.
    const isTry =
      !credentials.user && ((credentials.authorization ?? '') !== '' || credentials.token !== undefined);
    const key = isTry ? credentialKey(client, credentials) : '';
    // A token that was right before is no guess: who has it is not locked out by the guesses of others at the same address.
    const mayTry = Boolean(credentials.user) || this.#failures.has(counted, this.now());
    if (!mayTry && !this.#accepted.get(key))
      throw new RefusedError('too_many_failures', 'too many wrong tokens from your address: wait a minute');
    const passed = (grant: Grant): Grant => {
      if (isTry && this.auth.enabled) this.#accepted.set(key, true);
      return grant;
    };
    const failed = (error: unknown): never => {
      const isWrong = error instanceof RefusedError && error.code === 'unauthenticated';
      if (isTry && isWrong) this.#failures.take(counted, this.now());
      throw error;
    };
    try {
      const grant = this.auth.authenticate(credentials);
      return grant instanceof Promise ? grant.then(passed, failed) : passed(grant);
    } catch (error) {
      return failed(error);
    }
  }
}

const credentialKey = (client: string, { authorization = '', token = '' }: Credentials): string =>
  createHash('sha256')
    .update(JSON.stringify([client, authorization, token]))
    .digest('base64');

/** The settings that say how many may come in. */
export interface LimitSettings {
  readonly MAX_VIEWERS: number;
  readonly MAX_VIEWERS_PER_ADDRESS: number;
  readonly MAX_CONNECTIONS_PER_SECOND: number;
  readonly MAX_FAILED_TOKENS_PER_MINUTE: number;
}

/** @param now monotonic, ms */
export const createAdmission = (
  settings: LimitSettings,
  auth: Auth,
  origins: OriginPolicy,
  now: () => number,
  onRefused?: OnRefused,
): Admission =>
  new Admission(
    auth,
    origins,
    {
      maxViewers: settings.MAX_VIEWERS,
      maxPerAddress: settings.MAX_VIEWERS_PER_ADDRESS,
      maxPerSecond: settings.MAX_CONNECTIONS_PER_SECOND,
      maxFailuresPerMinute: settings.MAX_FAILED_TOKENS_PER_MINUTE,
    },
    now,
    onRefused,
  );
