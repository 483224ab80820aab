import { createHash, timingSafeEqual } from 'node:crypto';
import type { AuthMode } from './options.js';

/** HTTP authentication as RTSP uses it: Basic, and Digest with MD5 (RFC 2617). */

export const REALM = 'virtual-camera';

export interface Credentials {
  readonly user: string;
  readonly password: string;
}

/** Value of WWW-Authenticate. */
export function challenge(mode: Exclude<AuthMode, 'none'>, nonce: string): string {
  if (mode === 'basic') return `Basic realm="${REALM}"`;
  const digest = `Digest realm="${REALM}", nonce="${nonce}"`;
  return mode === 'digest' ? digest : `${digest}, algorithm=MD5, qop="auth"`;
}

const md5 = (text: string): string => createHash('md5').update(text).digest('hex');

function same(a: string, b: string): boolean {
  const [left, right] = [Buffer.from(a), Buffer.from(b)];
  return left.length === right.length && timingSafeEqual(left, right);
}

/** `name="value"` and `name=value` pairs of an Authorization header. */
function parameters(text: string): Map<string, string> {
  const found = new Map<string, string>();
  for (const [, name = '', quoted, bare] of text.matchAll(/(\w+)=(?:"([^"]*)"|([^\s,"]*))/g)) {
    found.set(name.toLowerCase(), quoted ?? bare ?? '');
  }
  return found;
}

function acceptsDigest(text: string, method: string, nonce: string, expected: Credentials): boolean {
  const given = parameters(text);
  const get = (name: string): string => given.get(name) ?? '';
  if (get('username') !== expected.user || get('nonce') !== nonce || get('realm') !== REALM) return false;
  const secret = md5(`${expected.user}:${REALM}:${expected.password}`);
  const what = md5(`${method}:${get('uri')}`);
  const middle = get('qop') === '' ? nonce : [nonce, get('nc'), get('cnonce'), get('qop')].join(':');
  return same(get('response'), md5(`${secret}:${middle}:${what}`));
}

/** Whether the Authorization header proves the credentials. */
export function accepts(
  mode: Exclude<AuthMode, 'none'>,
  header: string | undefined,
  method: string,
  nonce: string,
  expected: Credentials,
): boolean {
  const [, scheme = '', rest = ''] = /^(\w+) +(.*)$/.exec(header ?? '') ?? [];
  if (mode === 'basic') {
    const wanted = Buffer.from(`${expected.user}:${expected.password}`).toString('base64');
    return scheme.toLowerCase() === 'basic' && same(rest.trim(), wanted);
  }
  return scheme.toLowerCase() === 'digest' && acceptsDigest(rest, method, nonce, expected);
}
