import { isIP } from 'node:net';
import { badParameter } from '../shared/errors.js';
import { addressText } from './client-network.js';

/**
 * Where a request came from, as proxies tell it: `Forwarded` (RFC 7239) and `X-Forwarded-For`/`-Proto`, which have no standard. Each
 * proxy adds at the end the address that it was asked from. So the list is believed from its end on, as long as an entry is itself a
 * trusted proxy; what stands before the first other one is what that client wrote, and may be anything.
 */
export interface ForwardingHeaders {
  /** All fields of the name, joined by commas; '' without one. */
  readonly forwarded: string;
  readonly forwardedFor: string;
  readonly forwardedProto: string;
}

export interface Client {
  readonly address: string;
  /** Whether the client speaks TLS with its proxy; null when nobody says so. */
  readonly secure: boolean | null;
}

/** What one proxy says of whoever asked it. */
interface Hop {
  /** Null: it does not tell (`unknown`, `_hidden`, no address). */
  readonly address: string | null;
  readonly secure: boolean | null;
}

/**
 * @param peer address of the connection itself: a trusted proxy's
 * @throws RefusedError `bad_parameter` where a list cannot be read, or two lists contradict each other: a proxy that sets only one of
 *   them lets its client write the other
 */
export function clientOf(
  peer: string,
  headers: ForwardingHeaders,
  trusts: (address: string) => boolean,
): Client {
  const { forwarded, forwardedFor, forwardedProto } = headers;
  const standard = forwarded === '' ? null : lastUntrusted(peer, forwardedHops(forwarded), trusts);
  const old = lastUntrusted(peer, oldHops(forwardedFor, forwardedProto), trusts);
  if (!standard) return old;
  if (forwardedFor !== '' && addressText(standard.address) !== addressText(old.address))
    throw contradiction('Forwarded and X-Forwarded-For name different clients');
  if (standard.secure !== null && old.secure !== null && standard.secure !== old.secure)
    throw contradiction('Forwarded and X-Forwarded-Proto name different schemes');
  return { address: standard.address, secure: standard.secure ?? old.secure };
}

const contradiction = (what: string) =>
  badParameter(`${what}: have the proxy set one of them and remove the other`);

function lastUntrusted(peer: string, hops: readonly Hop[], trusts: (address: string) => boolean): Client {
  let client: Client = { address: peer, secure: null };
  for (const { address, secure } of [...hops].reverse()) {
    // Limits then count the proxy that keeps silent.
    client = { address: address ?? client.address, secure };
    if (address === null || !trusts(address)) break;
  }
  return client;
}

function oldHops(forwardedFor: string, forwardedProto: string): Hop[] {
  const addresses = listOf(forwardedFor);
  const schemes = listOf(forwardedProto).map(isSecure);
  // Some proxies add to this list as to the other, some set it anew.
  const same = schemes.every((scheme) => scheme === schemes[0]);
  if (!same && schemes.length !== addresses.length)
    throw badParameter('X-Forwarded-Proto has several schemes: have the proxy set it anew');
  const secureAt = (at: number): boolean | null => (same ? schemes[0] : schemes[at]) ?? null;
  if (addresses.length === 0) return schemes.length === 0 ? [] : [{ address: null, secure: secureAt(0) }];
  return addresses.map((node, at) => ({ address: nodeAddress(node), secure: secureAt(at) }));
}

const listOf = (text: string): string[] =>
  text
    .split(',')
    .map((entry) => entry.trim())
    .filter((entry) => entry !== '');

/** `wss` is what Traefik says of a WebSocket. */
function isSecure(scheme: string): boolean | null {
  const known: Readonly<Record<string, boolean>> = { https: true, wss: true, http: false, ws: false };
  return known[scheme.toLowerCase()] ?? null;
}

/** A parameter of an element, or nothing; then the end of the element, of the parameter, or of all. Colons need quotes, but often have none. */
const PAIR =
  /[ \t]*(?:([!#$%&'*+.^_`|~\w-]+)=(?:"((?:[^"\\]|\\.)*)"|([!#$%&'*+.^_`|~\w:[\]-]+))[ \t]*)?(?:([;,])|$)/y;

function forwardedHops(text: string): Hop[] {
  const hops: Hop[] = [];
  let parameters = new Map<string, string>();
  PAIR.lastIndex = 0;
  for (let separator: string | undefined = ','; separator !== undefined;) {
    const match = PAIR.exec(text);
    if (!match) throw badParameter('Forwarded cannot be read (RFC 7239): see what the proxy sends');
    const [, name = '', quoted, bare = ''] = match;
    const parameter = name.toLowerCase();
    if (parameters.has(parameter)) throw badParameter(`Forwarded has ${parameter} twice in one element`);
    if (parameter !== '') parameters.set(parameter, quoted?.replace(/\\(.)/g, '$1') ?? bare);
    separator = match[4];
    if (separator === ';') continue;
    if (parameters.size > 0) hops.push(hopOf(parameters));
    parameters = new Map();
  }
  return hops;
}

const hopOf = (parameters: ReadonlyMap<string, string>): Hop => ({
  address: nodeAddress(parameters.get('for') ?? ''),
  secure: isSecure(parameters.get('proto') ?? ''),
});

/** `192.0.2.7`, `192.0.2.7:4711`, `2001:db8::7`, `[2001:db8::7]:4711`; null for what holds no address. A zone is of another machine. */
function nodeAddress(node: string): string | null {
  const [, bracketed, plain] = /^(?:\[([^\]]+)\](?::\w+)?|([\d.]+):\w+)$/.exec(node) ?? [];
  const address = (bracketed ?? plain ?? node).replace(/%.*$/, '');
  return isIP(address) === 0 ? null : address;
}
