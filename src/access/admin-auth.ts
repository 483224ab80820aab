import { decodeJwt, type JWTPayload } from 'jose';
import { EditError } from '../shared/errors.js';
import type { Auth, Grant } from './auth.js';
import { looksLikeJwt } from './jwt.js';
import { ALL_RIGHTS } from './rights.js';
import { TokenList } from './token-list.js';
import { unauthenticated } from './unauthenticated.js';

/**
 * Who may change CONFIG_FILE: tokens of ADMIN_TOKENS, and with ADMIN_JWT JSON Web Tokens that may watch everything and have the claim
 * `admin: true`. From the Authorization header alone, which no other site's page can have a browser send.
 */

export interface AdminSettings {
  readonly tokens: readonly string[];
  /** Judges JSON Web Tokens; null takes none. */
  readonly jwts: Pick<Auth, 'authenticate'> | null;
}

const MAX_TOKEN_LENGTH = 4096;

export function createAdminAuth({ tokens, jwts }: AdminSettings): Auth {
  const list = new TokenList(tokens);
  return {
    enabled: true,
    authenticate: ({ authorization = '' }) => {
      const token = /^bearer +(\S+)$/i.exec(authorization)?.[1] ?? '';
      if (token === '') throw unauthenticated('no token: send "Authorization: Bearer ..."');
      if (token.length > MAX_TOKEN_LENGTH)
        throw unauthenticated(`token is longer than ${MAX_TOKEN_LENGTH} characters`);
      const place = list.placeOf(token);
      if (place >= 0) return { subject: `admin:${place + 1}`, ...ALL_RIGHTS };
      if (jwts && looksLikeJwt(token)) return adminOf(token, jwts);
      throw unauthenticated('token is not in ADMIN_TOKENS');
    },
  };
}

async function adminOf(token: string, jwts: Pick<Auth, 'authenticate'>): Promise<Grant> {
  const grant = await jwts.authenticate({ authorization: `Bearer ${token}` });
  // It is verified by now.
  const claims: JWTPayload = decodeJwt(token);
  if (claims['admin'] !== true)
    throw new EditError('not_admin', 'token does not let its bearer change cameras: see its claim "admin"');
  // Who sees some cameras must not learn of the others, and could rename them into what it sees.
  if (claims['cameras'] !== undefined || claims['views'] !== undefined || !grant.coversAll?.())
    throw new EditError(
      'not_admin',
      'token covers some cameras only (claims "cameras", "views", or its groups)',
    );
  return grant;
}
