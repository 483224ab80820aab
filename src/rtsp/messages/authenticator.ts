import {
  authorization,
  challengeName,
  parseChallenges,
  type Challenge,
  type Credentials,
} from './authentication.js';
import { headersOf, type RtspResponse } from './message-syntax.js';

/** What a 401 means for the request that got it. */
export type Verdict =
  /** Send it again: `Authenticator.header` now answers the new challenge. */
  { readonly kind: 'retry' } | { readonly kind: 'refused'; readonly detail: string };

/** Which challenge the refused request answered: none, one of an earlier request, or the one it got itself a moment ago. */
export type Answered = 'none' | 'earlier' | 'fresh';

/**
 * One session's credentials: answers the newest challenge, from the first 401 on with every request, and decides when a 401 is
 * final. A server may change its nonce at any request, a keep-alive in the third week included.
 */
export class Authenticator {
  readonly #credentials: Credentials | null;
  #challenge: Challenge | null = null;
  #uses = 0;
  #offered: readonly string[] = [];

  constructor(credentials: Credentials | null) {
    this.#credentials = credentials;
  }

  /** What the server asked for, for people; empty before the first 401. */
  get offered(): readonly string[] {
    return this.#offered;
  }

  /** The scheme that is answered, for people; `null` before the first 401. */
  get answered(): string | null {
    return this.#challenge === null ? null : challengeName(this.#challenge);
  }

  /** Value of the Authorization header for the next request, or null. */
  header(method: string, uri: string): string | null {
    if (this.#challenge === null || this.#credentials === null) return null;
    return authorization(this.#challenge, this.#credentials, method, uri, ++this.#uses);
  }

  /**
   * Learns the challenges of a 401.
   * @param answered what the refused request's Authorization header answered
   */
  challenged(response: RtspResponse, answered: Answered): Verdict {
    const { known, names } = parseChallenges(headersOf(response, 'www-authenticate'));
    this.#offered = names;
    if (this.#credentials === null) return { kind: 'refused', detail: 'the URL has no user and password' };
    const [best] = known;
    if (best === undefined)
      return { kind: 'refused', detail: `the camera asks for ${names.join(', ') || 'no scheme at all'}` };
    if (answered !== 'none' && !this.#isWorthAnother(best, answered))
      return { kind: 'refused', detail: `by ${challengeName(best)}` };
    this.#challenge = best;
    this.#uses = 0;
    return { kind: 'retry' };
  }

  /** The same password again only for another nonce; each try may count towards the lock of the account. */
  #isWorthAnother(offer: Challenge, answered: 'earlier' | 'fresh'): boolean {
    if (offer.scheme === 'basic') return this.#challenge?.scheme !== 'basic' && answered === 'earlier';
    if (answered === 'fresh') return offer.stale;
    return offer.stale || this.#challenge?.scheme !== 'digest' || this.#challenge.nonce !== offer.nonce;
  }
}
