import { createHash } from 'node:crypto';

/** A server's side of Digest and Basic, written apart from the client's: it computes what a right answer must be. */

export interface Login {
  readonly username: string;
  readonly password: string;
}

const NODE_HASHES: Readonly<Record<string, string>> = { 'SHA-256': 'sha256', MD5: 'md5' };

/**
 * @param authorization the header's value, as latin1
 * @param challenges the WWW-Authenticate headers that are open now
 * @returns which of the challenges is answered rightly; null: none
 */
export function answered(
  authorization: string | null,
  method: string,
  uri: string,
  challenges: readonly string[],
  { username, password }: Login,
): string | null {
  if (authorization === null) return null;
  if (authorization.startsWith('Basic ')) {
    const isRight =
      Buffer.from(authorization.slice(6), 'base64').toString('utf8') === `${username}:${password}`;
    return isRight ? (challenges.find((each) => each.startsWith('Basic')) ?? null) : null;
  }
  const given = parameters(authorization);
  if (given.uri !== uri) return null;
  const challenge = challenges.find((each) => parameters(each).nonce === given.nonce);
  if (challenge === undefined) return null;
  const offered = parameters(challenge);
  const algorithm = (offered.algorithm ?? 'MD5').toUpperCase();
  if ((given.algorithm ?? 'MD5').toUpperCase() !== algorithm) return null;
  const name = NODE_HASHES[algorithm.replace(/-SESS$/, '')];
  if (name === undefined) return null;
  const hash = (text: string): string => createHash(name).update(text, 'latin1').digest('hex');
  const bytes = (text: string): string => Buffer.from(text, 'utf8').toString('latin1');
  let ha1 = hash(`${bytes(username)}:${offered.realm ?? ''}:${bytes(password)}`);
  if (algorithm.endsWith('-SESS')) ha1 = hash(`${ha1}:${given.nonce ?? ''}:${given.cnonce ?? ''}`);
  const ha2 = hash(`${method}:${uri}`);
  const counted = [given.nc, given.cnonce, given.qop].join(':');
  const wantsQop = offered.qop !== undefined;
  const expected = hash(
    wantsQop ? `${ha1}:${given.nonce ?? ''}:${counted}:${ha2}` : `${ha1}:${given.nonce ?? ''}:${ha2}`,
  );
  return given.response === expected && given.realm === offered.realm ? challenge : null;
}

function parameters(header: string): Record<string, string | undefined> {
  const found: Record<string, string | undefined> = {};
  for (const [, name = '', quoted, bare] of header.matchAll(/(\w+)=(?:"([^"]*)"|([^\s,]+))/g))
    found[name.toLowerCase()] = quoted ?? bare;
  return found;
}
