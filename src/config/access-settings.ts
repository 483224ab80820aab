import { z } from 'zod';
import { parseRange, type Range } from '../source/address-ranges.js';
import { type Setting, setting, text } from './setting.js';

/** Settings of a service behind a proxy, and of people who sign in elsewhere. */

/** Characters that need no percent-encoding (RFC 3986, 2.3): every proxy and browser then spells the path alike. */
const SEGMENT = /^(?!\.{1,2}$)[A-Za-z0-9._~-]+$/;

const isPath = (path: string): boolean =>
  path.startsWith('/') &&
  path
    .slice(1)
    .split('/')
    .every((segment) => SEGMENT.test(segment));

/** Below one of these a path could mean two things. */
const OWN_PATHS = /^\/(?:api|view|ws|wall|snapshot|metrics|healthz|readyz)(?:\/|$)/;

const basePath = text
  .transform((given) => given.replace(/\/$/, ''))
  .refine((path) => path === '' || isPath(path), 'must be a path like /cameras, of A-Z a-z 0-9 . _ ~ - and /')
  .refine((path) => !OWN_PATHS.test(path), 'is a path of the service itself: take another, like /cameras');

const PROXY_HINT = 'is no address (192.0.2.7) or range (10.0.0.0/8)';

/** A range of everybody would let every client say who it is. */
const trustedProxies = text.transform((given, context): readonly Range[] => {
  const ranges: Range[] = [];
  for (const entry of given.split(',').map((item) => item.trim())) {
    if (entry === '') continue;
    const range = parseRange(entry);
    if (range && range.prefix > 0) ranges.push(range);
    else {
      const what = range ? 'is everybody: name the proxies' : PROXY_HINT;
      context.addIssue({ code: 'custom', message: `"${entry.slice(0, 60)}" ${what}` });
    }
  }
  return ranges;
});

/** A field name (RFC 9110, 5.1). What the service reads anyway for another purpose cannot name a person. */
const HEADER = /^[A-Za-z0-9-]{1,64}$/;
const TAKEN = /^(?:forwarded|x-forwarded-(?:for|proto|host)|host|origin|referer|cookie|authorization)$/i;

const headerName = text
  .refine((name) => name === '' || HEADER.test(name), 'must be the name of a header, like X-Forwarded-User')
  .refine((name) => !TAKEN.test(name), 'is a header with another meaning: name one of the proxy’s own')
  .transform((name) => name.toLowerCase());

const jwksUrl = text.transform((given, context): URL | null => {
  if (given === '') return null;
  const url = URL.canParse(given) ? new URL(given) : null;
  const known = url && ['https:', 'http:', 'file:'].includes(url.protocol);
  if (known && url.username === '' && url.password === '') return url;
  context.addIssue({
    code: 'custom',
    message: 'must be https://host/path or file:///path, without user and password',
  });
  return z.NEVER;
});

export const ACCESS_SETTINGS = {
  BASE_PATH: setting('', basePath, 'Path below which a proxy shows the service, like /cameras'),
  TRUSTED_PROXIES: setting(
    '',
    trustedProxies,
    'Proxies (addresses, CIDRs) whose Forwarded and X-Forwarded- headers are believed',
  ),
  AUTH_PROXY_HEADER: setting(
    '',
    headerName,
    'Header in which a trusted proxy names the person whom it let in, like X-Forwarded-User',
  ),
  AUTH_PROXY_GROUPS_HEADER: setting(
    '',
    headerName,
    'Header in which it names that person’s groups, separated by commas',
  ),
  JWT_JWKS_URL: setting(
    '',
    jwksUrl,
    'Keys (JWKS) of RS256 and ES256 tokens: https://..., or file:///...',
    true,
  ),
  JWT_ISSUER: setting('', text, 'Claim iss that tokens of JWT_JWKS_URL must have'),
  JWT_AUDIENCE: setting('', text, 'Claim aud that tokens of JWT_JWKS_URL must have'),
  JWT_GROUPS_CLAIM: setting(
    'groups',
    text.min(1, 'must not be empty'),
    'Claim with a person’s groups (groups: in CONFIG_FILE); realm_access.roles is a claim inside one',
  ),
} as const satisfies Record<string, Setting>;

type Name = keyof typeof ACCESS_SETTINGS;
type AccessConfig = { readonly [K in Name]: z.output<(typeof ACCESS_SETTINGS)[K]['check']> };

/** What is wrong with these settings together; a setting that is wrong by itself is undefined. */
export function accessProblems(config: Partial<AccessConfig>): string[] {
  const problems: string[] = [];
  if (config.AUTH_PROXY_HEADER && config.TRUSTED_PROXIES?.length === 0)
    problems.push('AUTH_PROXY_HEADER: needs TRUSTED_PROXIES, or everybody could send it');
  if (config.AUTH_PROXY_GROUPS_HEADER && config.AUTH_PROXY_HEADER === '')
    problems.push('AUTH_PROXY_GROUPS_HEADER: does nothing without AUTH_PROXY_HEADER');
  for (const name of ['JWT_ISSUER', 'JWT_AUDIENCE'] as const)
    if (config[name] && config.JWT_JWKS_URL === null)
      problems.push(`${name}: does nothing without JWT_JWKS_URL`);
  return problems;
}
