import type { RefusedError } from '../shared/errors.js';
import type { Credentials, ProxyUser } from './auth.js';

/**
 * What of a request outlives its handler: uWebSockets.js reuses the request object as soon as the handler returns, so all that
 * may be needed later is copied out at once.
 */
export interface RequestFacts {
  readonly method: string;
  readonly path: string;
  /** As sent, undecoded. */
  readonly query: string;
  readonly origin: string;
  readonly referer: string;
  /** The Sec-Fetch-Site header. */
  readonly fetchSite: string;
  readonly host: string;
  readonly authorization: string;
  readonly cookie: string;
  /**
   * The client's address: what a trusted proxy says, else the peer's as uWebSockets.js writes it, where an IPv4 peer of a dual-stack
   * socket shows as IPv4-mapped IPv6.
   */
  readonly address: string;
  /** Whether the client speaks TLS, with this service or with a trusted proxy that says so. */
  readonly secure: boolean;
  /** Whom a trusted proxy has let in; null where none says so. */
  readonly user: ProxyUser | null;
  /** Set where it cannot be told who asks: for whatever is not open to anybody. */
  readonly refusal: RefusedError | null;
}

/** Set on the wall page's answer, so that the page's own scripts, fetches and sockets carry the token it was opened with. */
const TOKEN_COOKIE = 'rtsp_ws_token';

/**
 * Percent-encoded: a token may hold what a cookie may not (RFC 6265, 4.1.1).
 * @param basePath as the setting; '' is the whole host
 */
export const tokenCookie = (token: string, basePath: string, secure: boolean): string =>
  `${TOKEN_COOKIE}=${encodeURIComponent(token)}; Path=${basePath || '/'}; HttpOnly; SameSite=Strict${secure ? '; Secure' : ''}`;

/** Where a token may be: header, then `?token=`, then the page's cookie. */
export function credentialsOf(facts: RequestFacts, token: string | undefined): Credentials {
  const { authorization, cookie, user } = facts;
  return { authorization, token: token ?? cookieToken(cookie), user };
}

function cookieToken(header: string): string | undefined {
  for (const part of header.split(';')) {
    const pair = part.trim();
    if (pair.startsWith(`${TOKEN_COOKIE}=`)) return decoded(pair.slice(TOKEN_COOKIE.length + 1));
  }
  return undefined;
}

/** What is no percent-encoding stays as it is, and is no token that this service has set. */
function decoded(value: string): string {
  try {
    return decodeURIComponent(value);
  } catch {
    return value;
  }
}
