import { createHash, timingSafeEqual } from 'node:crypto';
import { errors, jwtVerify, type JWTPayload } from 'jose';
import { ConfigError, RefusedError } from '../shared/errors.js';

/** Who may watch: static tokens (AUTH_TOKENS) and HS256 JSON Web Tokens (AUTH_JWT_SECRET), from `Bearer` or `?token=`. */

export interface Credentials {
  /** The Authorization header; only `Bearer` counts, and then wins over `token`. */
  readonly authorization?: string | undefined;
  /** The `token` parameter: browsers cannot set headers on a WebSocket. */
  readonly token?: string | undefined;
}

/** What an accepted credential admits to. */
export interface Grant {
  /** For logs: `anonymous`, `token:2` (place in AUTH_TOKENS), or `jwt:<claim sub>`. Never the token. */
  readonly subject: string;
  allows(camera: string): boolean;
  /** Whether the view may be opened; which of its cameras are shown is `allows`'s matter. */
  allowsView(view: string): boolean;
}

/** Which of the configured views show a camera, now. */
export type ViewsOf = (camera: string) => readonly string[];

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
const CLOCK_TOLERANCE_S = 5;
const MAX_SUBJECT_LENGTH = 64;
/** Three base64url parts (RFC 7515, 7.1). */
const JWT_SHAPE = /^[\w-]+\.[\w-]+\.[\w-]+$/;

const ANONYMOUS: Grant = { subject: 'anonymous', allows: () => true, allowsView: () => true };

const unauthenticated = (message: string): RefusedError => new RefusedError('unauthenticated', message);
const sha256 = (text: string): Buffer => createHash('sha256').update(text).digest();

/**
 * `jwtSecret` '' or null: no JWTs; else 32 bytes or more, which the setting's own check requires. `now` is the wall clock
 * against which `exp` and `nbf` count. Throws ConfigError when tokens were listed but all of them are empty.
 */
export function createAuth(
  settings: { readonly tokens: readonly string[]; readonly jwtSecret: string | null },
  now: () => Date = () => new Date(),
  viewsOf: ViewsOf = () => [],
): Auth {
  const digests = settings.tokens.filter((token) => token !== '').map(sha256);
  const secret = Buffer.from(settings.jwtSecret ?? '');
  if (settings.tokens.length > 0 && digests.length === 0)
    throw new ConfigError(['AUTH_TOKENS: has no token in it']);
  if (digests.length === 0 && secret.length === 0) return { enabled: false, authenticate: () => ANONYMOUS };

  /** Place of the token in the list, or -1. Digests have one length, and the whole list is walked whatever matches. */
  function placeOf(credential: string): number {
    const presented = sha256(credential);
    let place = -1;
    digests.forEach((digest, i) => {
      if (timingSafeEqual(digest, presented)) place = i;
    });
    return place;
  }

  function authenticate(credentials: Credentials): Grant | Promise<Grant> {
    const credential = presented(credentials);
    const place = placeOf(credential);
    if (place >= 0) return { ...ANONYMOUS, subject: `token:${place + 1}` };
    if (secret.length === 0) throw unauthenticated('token is not in AUTH_TOKENS');
    if (!JWT_SHAPE.test(credential))
      throw unauthenticated('token is neither in AUTH_TOKENS nor a JSON Web Token');
    return verifyJwt(credential, secret, now(), viewsOf);
  }

  return { enabled: true, authenticate };
}

/** Throws RefusedError `camera_not_allowed` unless the grant covers the camera. */
export function requireCamera(grant: Grant, camera: string): void {
  if (!grant.allows(camera)) {
    throw new RefusedError(
      'camera_not_allowed',
      'token does not cover this camera: see its claim "cameras" or "views"',
    );
  }
}

function presented({ authorization = '', token = '' }: Credentials): string {
  const credential = /^bearer +(\S+)$/i.exec(authorization)?.[1] ?? token;
  if (credential === '') throw unauthenticated('no token: send "Authorization: Bearer ..." or ?token=');
  if (credential.length > MAX_CREDENTIAL_LENGTH) {
    throw unauthenticated(`token is longer than ${MAX_CREDENTIAL_LENGTH} characters`);
  }
  return credential;
}

async function verifyJwt(token: string, secret: Buffer, currentDate: Date, viewsOf: ViewsOf): Promise<Grant> {
  let payload: JWTPayload;
  try {
    const options = {
      algorithms: ['HS256'],
      requiredClaims: ['exp'],
      clockTolerance: CLOCK_TOLERANCE_S,
      currentDate,
    };
    ({ payload } = await jwtVerify(token, secret, options));
  } catch (error) {
    throw unauthenticated(whyNot(error));
  }
  const sub: unknown = payload.sub;
  const subject = `jwt:${typeof sub === 'string' ? sub.slice(0, MAX_SUBJECT_LENGTH) : ''}`;
  return { subject, ...rightsOf(payload, viewsOf) };
}

function whyNot(error: unknown): string {
  if (error instanceof errors.JWTExpired) return 'token has expired (claim "exp")';
  if (error instanceof errors.JWTClaimValidationFailed)
    return `token's claim "${error.claim}" is missing or not valid now`;
  if (error instanceof errors.JOSEAlgNotAllowed) return 'token is not signed with HS256';
  return 'token is not signed with AUTH_JWT_SECRET';
}

/**
 * The claims `cameras` and `views`: without either, all cameras. Else a camera that `cameras` names, or that a view shows which
 * `views` names. Without `views` every view may be opened, with the cameras that are covered.
 */
function rightsOf(payload: JWTPayload, viewsOf: ViewsOf): Pick<Grant, 'allows' | 'allowsView'> {
  const cameras = nameRule(payload, 'cameras');
  const views = nameRule(payload, 'views');
  return {
    allows: (camera) =>
      (!cameras && !views) || (cameras?.(camera) ?? false) || (views !== null && viewsOf(camera).some(views)),
    allowsView: views ?? (() => true),
  };
}

/** A claim that is a list: exact names, or patterns with one `*` at the end. Null when the token has none. */
function nameRule(payload: JWTPayload, name: string): ((given: string) => boolean) | null {
  const claim = payload[name];
  if (claim === undefined) return null;
  if (!Array.isArray(claim) || !claim.every((entry) => typeof entry === 'string')) {
    throw unauthenticated(`token's claim "${name}" must be a list of names`);
  }
  const names: readonly string[] = claim;
  return (given) =>
    names.some((entry) => (entry.endsWith('*') ? given.startsWith(entry.slice(0, -1)) : entry === given));
}
