import { ConfigError, RefusedError } from '../shared/errors.js';
import { looksLikeJwt, type Signer, verifyJwt } from './jwt.js';
import {
  ALL_RIGHTS,
  type Catalogue,
  EMPTY_CATALOGUE,
  groupRights,
  type Rights,
  tokenRights,
} from './rights.js';
import { TokenList } from './token-list.js';
import { unauthenticated } from './unauthenticated.js';

/**
 * Who may watch: people whom a trusted proxy names (AUTH_PROXY_HEADER), static tokens (AUTH_TOKENS), and JSON Web Tokens
 * (AUTH_JWT_SECRET, JWT_JWKS_URL), from `Bearer` or `?token=`.
 */

export interface Credentials {
  /** The Authorization header; only `Bearer` counts, and then wins over `token`. */
  readonly authorization?: string | undefined;
  /** The `token` parameter: browsers cannot set headers on a WebSocket. */
  readonly token?: string | undefined;
  /** Whom a trusted proxy has let in. */
  readonly user?: ProxyUser | null | undefined;
}

/** Somebody whom a trusted proxy has let in. */
export interface ProxyUser {
  readonly name: string;
  readonly groups: readonly string[];
}

/** What an accepted credential admits to. */
export interface Grant extends Rights {
  /** For logs: `anonymous`, `proxy:<name>`, `token:2` (place in AUTH_TOKENS), or `jwt:<claim sub>`. Never the token. */
  readonly subject: string;
}

export interface AuthSettings {
  readonly tokens: readonly string[];
  /** '' or null: no HS256 tokens; else 32 bytes or more, which the setting's own check requires. */
  readonly jwtSecret: string | null;
  readonly signer?: Signer | null;
  /** Claim with the groups of a token. */
  readonly groupsClaim?: string;
  /** Whether people come in whom a proxy names. */
  readonly proxyUsers?: boolean;
}

export interface Auth {
  /** False: nothing is configured, and every request gets an anonymous grant. */
  readonly enabled: boolean;
  /**
   * Static tokens are judged at once, JWTs in a promise: `await` serves both. Throws or rejects with RefusedError
   * `unauthenticated`, whose message names the setting or claim and never echoes the credential.
   */
  authenticate(credentials: Credentials): Grant | Promise<Grant>;
}

/** Longest credential that is looked at, in characters. */
const MAX_CREDENTIAL_LENGTH = 4096;
const MAX_SUBJECT_LENGTH = 64;

const ANONYMOUS: Grant = { subject: 'anonymous', ...ALL_RIGHTS };

/**
 * `now` is the wall clock against which `exp` and `nbf` count. Throws ConfigError when tokens were listed but all of them are
 * empty.
 */
export function createAuth(
  settings: AuthSettings,
  now: () => Date = () => new Date(),
  catalogue: Catalogue = EMPTY_CATALOGUE,
): Auth {
  const { jwtSecret, signer = null, groupsClaim = 'groups', proxyUsers = false } = settings;
  const tokens = new TokenList(settings.tokens);
  const secret = Buffer.from(jwtSecret ?? '');
  const takesJwts = secret.length > 0 || signer !== null;
  if (settings.tokens.length > 0 && tokens.size === 0)
    throw new ConfigError(['AUTH_TOKENS: has no token in it']);
  if (tokens.size === 0 && !takesJwts && !proxyUsers)
    return { enabled: false, authenticate: () => ANONYMOUS };

  async function grantOfJwt(token: string): Promise<Grant> {
    const { payload, foreign } = await verifyJwt(token, { secret, signer }, now());
    const sub: unknown = payload.sub;
    const subject = `jwt:${typeof sub === 'string' ? sub.slice(0, MAX_SUBJECT_LENGTH) : ''}`;
    return { subject, ...tokenRights(payload, groupsClaim, catalogue, foreign) };
  }

  function authenticate(credentials: Credentials): Grant | Promise<Grant> {
    const { user } = credentials;
    // First: a token that a browser still has from another day must not keep out whom the proxy lets in.
    if (proxyUsers && user)
      return {
        subject: `proxy:${user.name.slice(0, MAX_SUBJECT_LENGTH)}`,
        ...groupRights(user.groups, catalogue),
      };
    const credential = presented(credentials, proxyUsers);
    const place = tokens.placeOf(credential);
    if (place >= 0) return { ...ANONYMOUS, subject: `token:${place + 1}` };
    if (!takesJwts) throw unauthenticated('token is not in AUTH_TOKENS');
    if (!looksLikeJwt(credential))
      throw unauthenticated('token is neither in AUTH_TOKENS nor a JSON Web Token');
    return grantOfJwt(credential);
  }

  return { enabled: true, authenticate };
}

/** Throws RefusedError `camera_not_allowed` unless the grant covers the camera. */
export function requireCamera(grant: Grant, camera: string): void {
  if (!grant.allows(camera)) {
    throw new RefusedError(
      'camera_not_allowed',
      'token does not cover this camera: see its claim "cameras" or "views", or your groups',
    );
  }
}

/** Throws RefusedError `view_not_allowed` unless the grant covers the view, whether there is one of that name or not. */
export function requireView(grant: Grant, view: string): void {
  if (!grant.allowsView(view))
    throw new RefusedError(
      'view_not_allowed',
      'token does not cover this view: see its claim "views", or your groups',
    );
}

function presented({ authorization = '', token = '' }: Credentials, proxyUsers: boolean): string {
  const credential = /^bearer +(\S+)$/i.exec(authorization)?.[1] ?? token;
  if (credential === '')
    throw unauthenticated(
      `no token${proxyUsers ? ', and no proxy names you' : ''}: send "Authorization: Bearer ..." or ?token=`,
    );
  if (credential.length > MAX_CREDENTIAL_LENGTH) {
    throw unauthenticated(`token is longer than ${MAX_CREDENTIAL_LENGTH} characters`);
  }
  return credential;
}
