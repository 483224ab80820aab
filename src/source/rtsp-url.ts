import { createHash, timingSafeEqual } from 'node:crypto';
import { isIP, isIPv6 } from 'node:net';
import { inspect } from 'node:util';
import { parseAddress } from './address-ranges.js';
import { RefusedError } from '../shared/errors.js';
import { redact } from '../shared/redact.js';

/**
 * The one parser of camera URLs. What two parsers could read as naming two hosts is refused: releases of FFmpeg differ on
 * whether `#` ends a user name, others on `\`, `;`, `?` and a second `@`. So the host that is judged is the host that is dialled,
 * whoever reads the URL next. WHATWG `URL` is not used: for schemes that it does not know it neither normalises nor checks hosts.
 */

/** Longest URL that is looked at, in characters. */
export const MAX_URL_LENGTH = 2048;
/** FFmpeg keeps credentials in a buffer of 128 bytes and cuts the rest off silently (seen with 4.1-dev and 5.1). */
export const MAX_USERINFO_BYTES = 127;
/**
 * FFmpeg cuts the path silently: 5.1 after 1,023 bytes; the 2018 build after 1,023 of scheme, address, port and path, which is
 * this many behind the longest `rtsps://[IPv6]:port`. A cut path asks the camera for another stream, so it is refused here.
 */
export const MAX_PATH_BYTES = 968;

const DEFAULT_PORT = { rtsp: 554, rtsps: 322 } as const;

/** `scheme://` authority, then everything from the first `/`, `?` or `#` on. */
const SHAPE = /^(rtsps?):\/\/([^/?#]*)(.*)$/i;
/** `[IPv6]` or a name or dotted number, then perhaps a port. What hosts may be dialled is the address policy's job. */
const HOST_PORT = /^(?:\[([0-9a-f:.]+)\]|([a-z0-9_.-]{1,253}))(?::(\d{1,5}))?$/i;
/** A label of a DNS name. Whether a name may be dialled is the address policy's job. */
const LABEL = /^[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?$/i;
/** White space, controls, invisible and broken characters: none has a place in a URL, CR and LF would end the request line. */
const UNPRINTABLE = /[\s\p{C}]/u;

const PASSWORD_HINT =
  'rtsp: in user and password write @ / ? # ; \\ % percent-encoded: %40 %2F %3F %23 %3B %5C %25';

interface Parts {
  readonly scheme: 'rtsp' | 'rtsps';
  readonly host: string;
  readonly port: number | null;
  readonly userinfo: string | null;
  readonly rest: string;
}

/** A checked RTSP URL. The credentials are private: printing, logging or serialising it shows `***` in their place. */
export class RtspUrl {
  readonly scheme: 'rtsp' | 'rtsps';
  /** Lower-case name, dotted number, or IPv6 literal in its shortest form without brackets. */
  readonly host: string;
  /** 1-65535. */
  readonly port: number;
  /** Path and query exactly as given; empty, or from a `/` on. Passed to the camera literally. */
  readonly rest: string;
  readonly #portGiven: boolean;
  readonly #userinfo: string | null;

  constructor(parts: Parts) {
    this.scheme = parts.scheme;
    this.host = parts.host;
    this.port = parts.port ?? DEFAULT_PORT[parts.scheme];
    this.rest = parts.rest;
    this.#portGiven = parts.port !== null;
    this.#userinfo = parts.userinfo;
  }

  /** Percent-decoded user and password, split at the first `:` as FFmpeg does; null without userinfo. Never print it. */
  credentials(): { readonly username: string; readonly password: string } | null {
    if (this.#userinfo === null) return null;
    const decoded = decodeURIComponent(this.#userinfo);
    const colon = decoded.indexOf(':');
    if (colon < 0) return { username: decoded, password: '' };
    return { username: decoded.slice(0, colon), password: decoded.slice(colon + 1) };
  }

  /** Whether both open the same stream with the same credentials; takes the same time wherever they differ. */
  equals(other: RtspUrl): boolean {
    return timingSafeEqual(this.#digest(), other.#digest());
  }

  /** One text for each source, credentials included: a digest of them. Not for print. */
  get identity(): string {
    return this.#digest().toString('hex');
  }

  /** Without credentials. */
  toString(): string {
    const auth = this.#userinfo === null ? '' : '***@';
    const host = isIPv6(this.host) ? `[${this.host}]` : this.host;
    const port = this.#portGiven ? `:${this.port}` : '';
    return redact(`${this.scheme}://${auth}${host}${port}${this.rest}`);
  }
  toJSON(): string {
    return this.toString();
  }
  [inspect.custom](): string {
    return this.toString();
  }

  #digest(): Buffer {
    const identity = [this.scheme, this.host, this.port, this.credentials(), this.rest];
    return createHash('sha256').update(JSON.stringify(identity)).digest();
  }
}

const bad = (message: string): RefusedError => new RefusedError('bad_parameter', message);

/**
 * Parses what a person or program gave as a camera's URL: `rtsp://[user[:password]@]host[:port][/path][?query]`, or rtsps.
 * Throws RefusedError `bad_parameter`; the message never quotes the URL, since a broken URL may hold a password anywhere.
 */
export function parseRtspUrl(text: string): RtspUrl {
  if (text.length > MAX_URL_LENGTH) throw bad(`rtsp: URL is longer than ${MAX_URL_LENGTH} characters`);
  if (UNPRINTABLE.test(text))
    throw bad('rtsp: URL holds white space or control characters: percent-encode them');
  const [, scheme, authority, rest] = SHAPE.exec(text) ?? [];
  if (scheme === undefined || authority === undefined || rest === undefined) {
    throw bad('rtsp: URL must begin with rtsp:// or rtsps://');
  }
  refuseAmbiguous(text, authority);
  if (Buffer.byteLength(rest) > MAX_PATH_BYTES) {
    throw bad(`rtsp: path and query are longer than ${MAX_PATH_BYTES} bytes: FFmpeg would cut them`);
  }
  const at = authority.indexOf('@');
  const userinfo = at < 0 ? null : authority.slice(0, at);
  if (userinfo !== null) checkUserinfo(userinfo);
  const { host, port } = parseHostPort(authority.slice(at + 1), rest);
  // "rtsp://admin:12/34@cam/": the authority ended inside the password, and "admin" would be dialled.
  if (rest.includes('@') && !host.includes('.') && isIP(host) === 0) throw bad(PASSWORD_HINT);
  if (rest.includes('@') && at >= 0)
    throw bad('rtsp: URL holds several @: write all but the one before the host as %40');
  if (rest.startsWith('?')) throw bad('rtsp: URL has a ? before its path: write a / before it');
  return new RtspUrl({
    scheme: scheme.toLowerCase() === 'rtsps' ? 'rtsps' : 'rtsp',
    host,
    port,
    userinfo,
    rest,
  });
}

/** `#` and `\\` end a host for some parsers and not for others; nowhere in a URL need they be raw. So with `;` before the path. */
function refuseAmbiguous(text: string, authority: string): void {
  const mark = /[#\\]/.exec(text);
  if (mark)
    throw bad(
      text.indexOf('@', mark.index) >= 0 ? PASSWORD_HINT : 'rtsp: URL holds # or \\: write %23 or %5C',
    );
  if (authority.includes(';')) throw bad(PASSWORD_HINT);
}

function checkUserinfo(userinfo: string): void {
  if (Buffer.byteLength(userinfo) > MAX_USERINFO_BYTES) {
    throw bad(`rtsp: user and password are longer than ${MAX_USERINFO_BYTES} bytes: FFmpeg would cut them`);
  }
  let decoded: string;
  try {
    decoded = decodeURIComponent(userinfo);
  } catch {
    throw bad(PASSWORD_HINT);
  }
  // Digest credentials stand unencoded in the request's header: a line break would add header lines.
  if (/\p{Cc}/u.test(decoded)) throw bad('rtsp: user or password holds a control character');
}

/** `rest` is what follows the authority: an `@` there tells that the authority ended too early. */
function parseHostPort(text: string, rest: string): { host: string; port: number | null } {
  if (text.includes('@')) throw bad(PASSWORD_HINT);
  const match = HOST_PORT.exec(text);
  if (!match) {
    if (rest.includes('@')) throw bad(PASSWORD_HINT);
    if (/^(?::\d*)?$/.test(text)) throw bad('rtsp: URL has no host');
    throw bad('rtsp: host or port is not valid: a name, 192.0.2.7 or [2001:db8::7], then :554 perhaps');
  }
  const [, ipv6, name, digits] = match;
  const port = digits === undefined ? null : Number(digits);
  if (port !== null && (port < 1 || port > 65535)) {
    // "rtsp://admin:99999/x@cam/": five digits of a password look like a port.
    throw bad(rest.includes('@') ? PASSWORD_HINT : 'rtsp: port must be 1-65535');
  }
  if (ipv6 === undefined) return { host: checkedName(name ?? ''), port };
  if (!isIPv6(ipv6))
    throw bad('rtsp: the host in brackets is not an IPv6 address (zone ids are not supported)');
  return { host: parseAddress(ipv6).toString(), port };
}

/** A dotted IPv4 address passes too: its numbers are labels. */
function checkedName(name: string): string {
  if (name.endsWith('.')) throw bad('rtsp: the host ends in a dot: leave it out');
  if (!name.split('.').every((label) => LABEL.test(label)))
    throw bad('rtsp: the host is no name: parts of letters, digits, - and _ between dots');
  return name.toLowerCase();
}

/** Whether both name the same stream, host by host as written (names are not resolved), credentials included. */
export const sameSource = (a: RtspUrl, b: RtspUrl): boolean => a.equals(b);
