/** From what a person types into the form to a stream's name; and what is wrong with a URL, before it is sent. */

/** `Front door` -> `front-door`; empty when nothing usable is left. At most 64 characters of `[A-Za-z0-9._-]`. */
export const cameraIdFrom = (title: string): string =>
  title
    .normalize('NFKD')
    .replace(/\p{M}/gu, '')
    .replace(/[^A-Za-z0-9._-]+/g, '-')
    .replace(/^[^A-Za-z0-9]+/, '')
    .slice(0, 64)
    .replace(/-+$/, '')
    .toLowerCase();

export type UrlProblem = 'empty' | 'scheme' | 'host' | 'password';

/** What a person should correct, or null. The service judges the rest. */
export function rtspProblem(url: string): UrlProblem | null {
  const trimmed = url.trim();
  if (trimmed === '') return 'empty';
  if (!/^rtsps?:\/\//i.test(trimmed)) return 'scheme';
  if (hostOf(trimmed) === '') return 'host';
  return hasRawPassword(trimmed) ? 'password' : null;
}

/** Characters of user and password that have to be percent-encoded (RFC 3986, section 3.2.1), so that the URL has one reading. */
function hasRawPassword(url: string): boolean {
  const rest = url.replace(/^rtsps?:\/\//i, '');
  const authority = /^[^/?#]*/.exec(rest)?.[0] ?? '';
  const userinfo = rest.slice(0, Math.max(0, rest.lastIndexOf('@')));
  // rtsp://192.168.1.20/stream@2: the @ is the path's.
  if (!authority.includes('@') && /[.\]]/.test(authority)) return false;
  return /[@/?#;\\]|%(?![0-9a-f]{2})/i.test(userinfo);
}

/** Host of an RTSP URL without port or credentials; empty when it has none. A password may hold `/`, `?` and `#`. */
export function hostOf(url: string): string {
  const rest = url.replace(/^rtsps?:\/\//i, '');
  const afterUser = rest.slice(rest.lastIndexOf('@') + 1);
  return /^(\[[^\]]+\]|[^:/?#\s]+)/.exec(afterUser)?.[1] ?? '';
}
