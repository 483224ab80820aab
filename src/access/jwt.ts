import { decodeProtectedHeader, errors, jwtVerify, type JWTPayload, type JWTVerifyOptions } from 'jose';
import { RefusedError } from '../shared/errors.js';
import type { SignerKeys } from './signer-keys.js';
import { unauthenticated } from './unauthenticated.js';

/**
 * JSON Web Tokens, of two kinds that never mix: HS256 with the operator's own secret, and RS256 or ES256 with the public keys of
 * a signer elsewhere. The token says which it is; a public key is never used as a secret (RFC 8725, 3.1).
 */

export interface JwtSettings {
  /** Empty: no HS256. */
  readonly secret: Buffer;
  readonly signer: Signer | null;
}

/** Who signs tokens for this service, among others. */
export interface Signer {
  readonly keys: SignerKeys;
  /** '' is any. */
  readonly issuer: string;
  readonly audience: string;
}

export interface VerifiedToken {
  readonly payload: JWTPayload;
  /** Signed by the signer, not with the secret. */
  readonly foreign: boolean;
}

const CLOCK_TOLERANCE_S = 5;
const SIGNER_ALGORITHMS = ['RS256', 'ES256'];
/** Three base64url parts (RFC 7515, 7.1). */
const JWT_SHAPE = /^[\w-]+\.[\w-]+\.[\w-]+$/;

export const looksLikeJwt = (token: string): boolean => JWT_SHAPE.test(token);

/**
 * @param currentDate what `exp` and `nbf` count against
 * @throws RefusedError `unauthenticated`, or `keys_unavailable` when it cannot be told
 */
export async function verifyJwt(
  token: string,
  settings: JwtSettings,
  currentDate: Date,
): Promise<VerifiedToken> {
  const { secret, signer } = settings;
  const options = { requiredClaims: ['exp'], clockTolerance: CLOCK_TOLERANCE_S, currentDate };
  const foreign = signer !== null && (secret.length === 0 || algorithmOf(token) !== 'HS256');
  try {
    if (!foreign) {
      const { payload } = await jwtVerify(token, secret, { ...options, algorithms: ['HS256'] });
      return { payload, foreign };
    }
    const { payload } = await jwtVerify(token, (header) => signer.keys.keyFor(header), {
      ...options,
      ...audienceOf(signer),
      algorithms: SIGNER_ALGORITHMS,
    });
    return { payload, foreign };
  } catch (error) {
    if (error instanceof RefusedError) throw error;
    throw unauthenticated(whyNot(error, foreign, secret.length > 0));
  }
}

const audienceOf = ({ issuer, audience }: Signer): JWTVerifyOptions => ({
  ...(issuer === '' ? {} : { issuer }),
  ...(audience === '' ? {} : { audience }),
});

function algorithmOf(token: string): string | undefined {
  try {
    return decodeProtectedHeader(token).alg;
  } catch {
    // Told by the verification that follows.
    return 'HS256';
  }
}

function whyNot(error: unknown, foreign: boolean, hasSecret: boolean): string {
  if (error instanceof errors.JWTExpired) return 'token has expired (claim "exp")';
  if (error instanceof errors.JWTClaimValidationFailed)
    return `token's claim "${error.claim}" is missing or not valid now`;
  if (error instanceof errors.JOSEAlgNotAllowed)
    return `token is not signed with ${foreign ? `${hasSecret ? 'HS256, ' : ''}RS256 or ES256` : 'HS256'}`;
  return foreign
    ? 'token is not signed by a key of JWT_JWKS_URL'
    : 'token is not signed with AUTH_JWT_SECRET';
}
