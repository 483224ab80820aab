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

export type UrlProblem = 'empty' | 'scheme' | 'host';

/** What a person should correct, or null. The service judges the rest. */
export function rtspProblem(url: string): UrlProblem | null {
  const trimmed = url.trim();
  if (trimmed === '') return 'empty';
  if (!/^rtsps?:\/\//i.test(trimmed)) return 'scheme';
  return hostOf(trimmed) === '' ? 'host' : null;
}

/** Host of an RTSP URL without port or credentials; empty when it has none. A password may hold `/`, `?` and `#`. */
export function hostOf(url: string): string {
  const rest = url.replace(/^rtsps?:\/\//i, '');
  const afterUser = rest.slice(rest.lastIndexOf('@') + 1);
  return /^(\[[^\]]+\]|[^:/?#\s]+)/.exec(afterUser)?.[1] ?? '';
}
