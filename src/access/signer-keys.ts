import {
  createLocalJWKSet,
  errors,
  type JSONWebKeySet,
  type JWTHeaderParameters,
  type LocalJWKSet,
} from 'jose';
import type { Clock } from '../shared/clock.js';
import { RefusedError } from '../shared/errors.js';

/** How often keys are asked for, ms, so that one that its signer has withdrawn is not taken for long. */
export const REFRESH_MS = 10 * 60_000;
/**
 * Shortest time between two requests, ms. Signers publish a key before they use it; with keys that nobody knows, strangers could
 * otherwise have the signer asked as often as they like.
 */
export const COOL_DOWN_MS = 30_000;
/** A signer that cannot be reached keeps nobody out for so long: its last keys count, ms. */
export const MAX_AGE_MS = 24 * 60 * 60_000;

export interface SignerKeysEvents {
  loaded(): void;
  /** @param problem without the address that was asked */
  failed(problem: string): void;
}

/**
 * The public keys of a signer, asked for beside the handshakes. A token waits for them only when its key is not among them and nobody
 * has asked for a while: at most as long as `load` takes.
 */
export class SignerKeys {
  #keys: LocalJWKSet | null = null;
  #loadedAt = -Infinity;
  #askedAt = -Infinity;
  #loading: Promise<boolean> | null = null;
  #cancel: () => void = () => undefined;
  #closed = false;

  constructor(
    private readonly load: () => Promise<JSONWebKeySet>,
    private readonly clock: Clock,
    private readonly events: SignerKeysEvents,
  ) {}

  /** Asks for the keys, and again from time to time until `close`. Resolves when the first answer is there, or there is none. */
  async start(): Promise<boolean> {
    const loaded = await this.#refresh();
    if (!this.#closed)
      this.#cancel = this.clock.after(loaded ? REFRESH_MS : COOL_DOWN_MS, () => void this.start());
    return loaded;
  }

  close(): void {
    this.#closed = true;
    this.#cancel();
  }

  /**
   * The key that a token's header names, for its algorithm.
   * @throws JOSEError when there is none; RefusedError `keys_unavailable`
   */
  async keyFor(header: JWTHeaderParameters): ReturnType<LocalJWKSet> {
    if (!this.#current()) await this.#refresh();
    try {
      return await this.#known()(header);
    } catch (error) {
      if (!(error instanceof errors.JWKSNoMatchingKey) || !(await this.#refresh())) throw error;
      return this.#known()(header);
    }
  }

  #known(): LocalJWKSet {
    const keys = this.#current();
    if (keys) return keys;
    throw new RefusedError('keys_unavailable', 'keys of JWT_JWKS_URL cannot be had now: try later');
  }

  #current(): LocalJWKSet | null {
    return this.clock.now() - this.#loadedAt < MAX_AGE_MS ? this.#keys : null;
  }

  /** @returns whether there are keys that were asked for after this call, or by somebody at the same time */
  #refresh(): Promise<boolean> {
    if (this.#loading) return this.#loading;
    if (this.clock.now() - this.#askedAt < COOL_DOWN_MS) return Promise.resolve(false);
    this.#askedAt = this.clock.now();
    this.#loading = this.#ask().finally(() => (this.#loading = null));
    return this.#loading;
  }

  async #ask(): Promise<boolean> {
    try {
      this.#keys = createLocalJWKSet(await this.load());
    } catch (error) {
      this.events.failed(error instanceof Error ? error.message : String(error));
      return false;
    }
    this.#loadedAt = this.clock.now();
    this.events.loaded();
    return true;
  }
}
