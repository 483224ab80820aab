import { RefusedError } from '../shared/errors.js';

/**
 * Which web pages may connect. Browsers let any page open a WebSocket anywhere and send the Origin along; only the server
 * can say no. Programs that are not browsers send no Origin and are not held up by this check: tokens are for them.
 * The page of the same host is always allowed, so a visitor whose DNS an attacker controls is not protected by it either.
 */
export interface OriginPolicy {
  /** Wrong entries of ALLOWED_ORIGINS, one line each, for the start to fail on. Such an entry matches nothing. */
  readonly problems: readonly string[];
  /** Judges the Origin header, which browsers send with WebSockets and scripts' requests. Throws RefusedError `origin_denied`. */
  judge(request: OriginRequest): void;
  /**
   * Whether a page of another origin, and not a listed one, made the browser ask: pictures, frames and links carry no Origin, but
   * `Sec-Fetch-Site` where the service is https or localhost, and elsewhere a Referer, which a page can leave out.
   */
  isForeign(request: OriginRequest): boolean;
  /**
   * Whether the page of another origin that sent this Referer may show pictures in an `<img>`, which sends no Origin. A page can
   * leave its Referer out, but cannot give another site's: without one only `*` and `null` help.
   */
  mayEmbed(referer: string): boolean;
}

export interface OriginRequest {
  /** The Origin header; '' or undefined without one. */
  readonly origin?: string | undefined;
  /** The Host header. */
  readonly host?: string | undefined;
  /** The Referer header; '' or undefined without one. */
  readonly referer?: string | undefined;
  /** The Sec-Fetch-Site header (Fetch Metadata); '' or undefined without one. */
  readonly fetchSite?: string | undefined;
  /** Whether this service itself speaks TLS on that connection. */
  readonly secure: boolean;
}

const DEFAULT_PORT: Readonly<Record<string, string>> = { http: '80', https: '443' };
/** Also origins of apps (`capacitor://localhost`, `chrome-extension://id`). */
const ORIGIN = /^([a-z][a-z0-9+.-]*):\/\/([a-z0-9_.-]+|\[[0-9a-f:.]+\])?(?::(\d{1,5}))?$/i;
const HOST = /^([a-z0-9_.-]+|\[[0-9a-f:.]+\])(?::(\d{1,5}))?$/i;
/** Longest origin that a refusal repeats, so that the whole fits a close reason. */
const MAX_SHOWN = 60;

interface Origin {
  readonly scheme: string;
  /** Lower-case, with the port. */
  readonly authority: string;
}

function parseOrigin(text: string): Origin | null {
  const match = ORIGIN.exec(text);
  if (!match) return null;
  const scheme = (match[1] ?? '').toLowerCase();
  return { scheme, authority: authorityOf(match[2], match[3], DEFAULT_PORT[scheme]) };
}

/** The origin of a page's address. */
const originOf = (url: string): Origin | null => parseOrigin(/^[^:]+:\/\/[^/?#]*/.exec(url)?.[0] ?? '');

const authorityOf = (host = '', port = '', defaultPort = ''): string =>
  `${host.toLowerCase()}:${port === '' ? defaultPort : Number(port)}`;

/**
 * Whether the page came from the host that it now connects to. Behind a proxy that ends TLS the page is https while we
 * speak http, so there the scheme may differ; a Host without port then means the default port of the page's scheme.
 * The proxy must pass the Host header on as the browser sent it; else list the page in ALLOWED_ORIGINS.
 */
function isSameHost({ scheme, authority }: Origin, host: string, secure: boolean): boolean {
  if (scheme !== 'https' && (secure || scheme !== 'http')) return false;
  const match = HOST.exec(host);
  return match !== null && authorityOf(match[1], match[2], DEFAULT_PORT[scheme]) === authority;
}

/** `allowed`: entries of ALLOWED_ORIGINS, `https://wall.example[:port]`, `null` (sandboxed pages, files), or `*` for all. */
export function createOriginPolicy(allowed: readonly string[]): OriginPolicy {
  const problems: string[] = [];
  const listed = new Set<string>();
  for (const entry of allowed) {
    if (entry === '*' || entry === 'null') continue;
    const origin = parseOrigin(entry.replace(/\/$/, ''));
    if (origin) listed.add(`${origin.scheme}://${origin.authority}`);
    else problems.push(`ALLOWED_ORIGINS: "${entry}" is no origin (https://wall.example:8443), null or *`);
  }
  const all = allowed.includes('*');
  const opaque = allowed.includes('null');
  const isListed = ({ scheme, authority }: Origin): boolean => listed.has(`${scheme}://${authority}`);

  function judge({ origin: text = '', host = '', secure }: OriginRequest): void {
    if (text === '' || all || (text === 'null' && opaque)) return;
    const origin = parseOrigin(text);
    if (origin && (isListed(origin) || isSameHost(origin, host, secure))) return;
    const shown = (origin || text === 'null') && text.length <= MAX_SHOWN ? `origin ${text}` : 'this origin';
    throw new RefusedError('origin_denied', `${shown} is not allowed: add it to ALLOWED_ORIGINS`);
  }

  function isForeign({ referer = '', fetchSite = '', host = '', secure }: OriginRequest): boolean {
    const site = fetchSite.toLowerCase();
    if (all || site === 'same-origin' || site === 'none') return false;
    if (referer === '') return site !== '' && !opaque;
    const origin = originOf(referer);
    return origin === null || !(isListed(origin) || isSameHost(origin, host, secure));
  }

  function mayEmbed(referer: string): boolean {
    if (all || referer === '') return all || opaque;
    const origin = originOf(referer);
    return origin !== null && isListed(origin);
  }

  return { problems, judge, isForeign, mayEmbed };
}
