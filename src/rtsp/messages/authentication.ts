import { createHash, randomBytes } from 'node:crypto';
import { binaryString } from './message-syntax.js';

/**
 * HTTP authentication as RTSP uses it: Basic (RFC 7617) and Digest (RFC 7616, and RFC 2069 without qop). Pure but for the
 * random client nonce. Texts are binary strings: what a server sent goes back to it byte for byte.
 */

export interface Credentials {
  readonly username: string;
  readonly password: string;
}

/** Strongest first. */
const ALGORITHMS = ['SHA-512-256', 'SHA-256', 'MD5'] as const;
const HASHES = { 'SHA-512-256': 'sha512-256', 'SHA-256': 'sha256', MD5: 'md5' } as const;
type Algorithm = (typeof ALGORITHMS)[number];

export interface DigestChallenge {
  readonly scheme: 'digest';
  readonly realm: string;
  readonly nonce: string;
  readonly opaque: string | null;
  readonly algorithm: Algorithm;
  /** The `-sess` variant: the client nonce goes into the secret. */
  readonly isSession: boolean;
  /** The algorithm as the server wrote it, quotes included: some compare it. `null`: it named none. */
  readonly algorithmText: string | null;
  /** Quality of protection to answer with; `null` is the older form without. */
  readonly qop: 'auth' | 'auth-int' | null;
  /** The server knows the user, and only the nonce was too old. */
  readonly stale: boolean;
}

export type Challenge = { readonly scheme: 'basic'; readonly realm: string } | DigestChallenge;

/** Parameters of a challenge: `raw` has the quotes. */
type Parameters = ReadonlyMap<string, { readonly value: string; readonly raw: string }>;

/** More challenges than any server has reason to send. */
const MAX_CHALLENGES = 16;

/** One token, and behind `=` its value if it has one: `Digest` or `realm="x"`. */
const ITEM = /[\s,]*([^\s,="]+)(?:\s*=\s*("(?:[^"\\]|\\.)*"?|[^\s,"]*))?/y;

/** Splits WWW-Authenticate headers into challenges: several may stand in one header. */
function split(headers: readonly string[]): { scheme: string; parameters: Parameters }[] {
  const found: { scheme: string; parameters: Map<string, { value: string; raw: string }> }[] = [];
  for (const header of headers) {
    ITEM.lastIndex = 0;
    for (let item = ITEM.exec(header); item !== null; item = ITEM.exec(header)) {
      const [, name = '', raw] = item;
      if (raw === undefined) found.push({ scheme: name, parameters: new Map() });
      else found.at(-1)?.parameters.set(name.toLowerCase(), { raw, value: unquoted(raw) });
      if (found.length > MAX_CHALLENGES) return found.slice(0, MAX_CHALLENGES);
    }
  }
  return found;
}

/** Without its quotes. Escapes stay: the server gets its text back as it wrote it. */
const unquoted = (raw: string): string => (raw.startsWith('"') ? raw.slice(1).replace(/"$/, '') : raw);

function digestChallenge(parameters: Parameters): DigestChallenge | null {
  const value = (name: string): string | null => parameters.get(name)?.value ?? null;
  const named = (value('algorithm') ?? 'MD5').toUpperCase();
  const isSession = named.endsWith('-SESS');
  const algorithm = ALGORITHMS.find((each) => each === (isSession ? named.slice(0, -5) : named));
  const offers = (value('qop') ?? '').toLowerCase().split(/[\s,]+/);
  const qop = offers.includes('auth') ? 'auth' : offers.includes('auth-int') ? 'auth-int' : null;
  if (algorithm === undefined) return null;
  return {
    scheme: 'digest',
    realm: value('realm') ?? '',
    nonce: value('nonce') ?? '',
    opaque: value('opaque'),
    algorithm,
    isSession,
    algorithmText: parameters.get('algorithm')?.raw ?? null,
    qop,
    stale: value('stale')?.toLowerCase() === 'true',
  };
}

export interface Offers {
  /** What can be answered, strongest first: Digest by its hash, then Basic. */
  readonly known: readonly Challenge[];
  /** What the server named, for people: `Digest SHA-256`, `Basic`, `Negotiate`. Not yet printable. */
  readonly names: readonly string[];
}

/** @param headers the values of all WWW-Authenticate headers */
export function parseChallenges(headers: readonly string[]): Offers {
  const known: Challenge[] = [];
  const names: string[] = [];
  for (const { scheme, parameters } of split(headers)) {
    const lower = scheme.toLowerCase();
    const isDigest = lower === 'digest';
    names.push(isDigest ? `Digest ${parameters.get('algorithm')?.value ?? 'MD5'}` : scheme);
    if (lower === 'basic') known.push({ scheme: 'basic', realm: parameters.get('realm')?.value ?? '' });
    const digest = isDigest ? digestChallenge(parameters) : null;
    if (digest) known.push(digest);
  }
  return { known: known.sort((a, b) => strength(a) - strength(b)), names };
}

const strength = (challenge: Challenge): number =>
  challenge.scheme === 'basic' ? ALGORITHMS.length : ALGORITHMS.indexOf(challenge.algorithm);

export const challengeName = (challenge: Challenge): string =>
  challenge.scheme === 'basic'
    ? 'Basic'
    : `Digest ${challenge.algorithm}${challenge.isSession ? '-sess' : ''}`;

/** In a quoted string (RFC 7230, 3.2.6). */
const escaped = (text: string): string => text.replace(/["\\]/g, '\\$&');

/**
 * Value of the Authorization header, as a binary string.
 * @param uri as it stands in the request line
 * @param count of requests with this nonce, from 1
 * @param cnonce the client's nonce
 */
export function authorization(
  challenge: Challenge,
  { username, password }: Credentials,
  method: string,
  uri: string,
  count = 1,
  cnonce = randomBytes(8).toString('hex'),
): string {
  if (challenge.scheme === 'basic')
    return `Basic ${Buffer.from(`${username}:${password}`, 'utf8').toString('base64')}`;
  const { realm, nonce, opaque, algorithm, isSession, algorithmText, qop } = challenge;
  const hash = (text: string): string => createHash(HASHES[algorithm]).update(text, 'latin1').digest('hex');
  const user = binaryString(username);
  const secret = hash(`${user}:${realm}:${binaryString(password)}`);
  const ha1 = isSession ? hash(`${secret}:${nonce}:${cnonce}`) : secret;
  // No request of this client has a body.
  const ha2 = hash(`${method}:${uri}${qop === 'auth-int' ? `:${hash('')}` : ''}`);
  const nc = count.toString(16).padStart(8, '0');
  const response = hash(qop ? `${ha1}:${nonce}:${nc}:${cnonce}:${qop}:${ha2}` : `${ha1}:${nonce}:${ha2}`);
  const parts = [`username="${escaped(user)}"`, `realm="${realm}"`, `nonce="${nonce}"`, `uri="${uri}"`];
  parts.push(`response="${response}"`);
  if (algorithmText !== null) parts.push(`algorithm=${algorithmText}`);
  if (opaque !== null) parts.push(`opaque="${opaque}"`);
  if (qop) parts.push(`qop=${qop}`, `nc=${nc}`);
  if (qop || isSession) parts.push(`cnonce="${cnonce}"`);
  return `Digest ${parts.join(', ')}`;
}
