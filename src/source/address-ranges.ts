import { isIP } from 'node:net';
import ipaddr from 'ipaddr.js';

/** Ranges of IP addresses, those where no camera can be, and the IPv4 addresses that hide inside IPv6 ones. */

export type Address = ipaddr.IPv4 | ipaddr.IPv6;

export interface Range {
  readonly base: Address;
  /** 0-32 or 0-128. */
  readonly prefix: number;
  readonly holds: (address: Address) => boolean;
}

/**
 * Parses an address that `net.isIP` has passed. A dotted tail is turned into groups first, because ipaddr.js reads the
 * IPv4-compatible `::10.0.0.1` as the mapped `::ffff:10.0.0.1`, which is another address to the kernel.
 */
export function parseAddress(text: string): Address {
  if (!text.includes(':')) return ipaddr.IPv4.parse(text);
  const groups = text.replace(/[\d.]+$/, (tail) => {
    if (!tail.includes('.')) return tail;
    const [a = 0, b = 0, c = 0, d = 0] = tail.split('.').map(Number);
    return `${((a << 8) | b).toString(16)}:${((c << 8) | d).toString(16)}`;
  });
  return ipaddr.IPv6.parse(groups);
}

/**
 * Parses `10.0.0.0/8`, `192.168.1.7`, `fd00::/8` or `fd00::7`; null when it is nothing of the kind. Stricter than ipaddr.js,
 * which would read `10.1` and `0x0a000001` too.
 */
export function parseRange(text: string): Range | null {
  const [, address = '', digits] = /^([0-9a-f.:]+)(?:\/(\d{1,3}))?$/i.exec(text) ?? [];
  if (isIP(address) === 0) return null;
  const base = parseAddress(address);
  const bits = base.kind() === 'ipv4' ? 32 : 128;
  const prefix = digits === undefined ? bits : Number(digits);
  if (prefix > bits) return null;
  const holds = (other: Address): boolean => other.kind() === base.kind() && other.match(base, prefix);
  return { base, prefix, holds };
}

/** Whether every address of `inner` is in `outer`. */
export const isWithin = (inner: Range, outer: Range): boolean =>
  inner.prefix >= outer.prefix && outer.holds(inner.base);

function range(text: string): Range {
  const parsed = parseRange(text);
  if (!parsed) throw new TypeError(`not a range: ${text}`);
  return parsed;
}

const LOOPBACK = range('::1');
const COMPATIBLE = range('::/96');
/** `::1` has the form of an IPv4-compatible address, but is loopback. */
const IPV4_COMPATIBLE: Range = {
  ...COMPATIBLE,
  holds: (address) => COMPATIBLE.holds(address) && !LOOPBACK.holds(address),
};
export const MAPPED = range('::ffff:0:0/96');
const TRANSLATED = range('::ffff:0:0:0/96');
const NAT64 = range('64:ff9b::/96');
const LOCAL_NAT64 = range('64:ff9b:1::/48');
const SIX_TO_FOUR = range('2002::/16');
const TEREDO = range('2001::/32');

/**
 * Denied by default. Sources: IANA special-purpose registries (RFC 6890), RFC 4291 (2.5.5 on mapped and compatible
 * addresses), RFC 6145, RFC 8215. Metadata services hand cloud credentials to whoever asks from inside the machine.
 */
export const DENIED_RANGES: readonly { readonly range: Range; readonly what: string }[] = [
  { range: range('169.254.169.254'), what: 'a cloud metadata address' },
  { range: range('169.254.170.2'), what: 'a cloud metadata address' },
  { range: range('100.100.100.200'), what: 'a cloud metadata address' },
  { range: range('fd00:ec2::254'), what: 'a cloud metadata address' },
  { range: range('0.0.0.0/8'), what: 'unspecified' },
  { range: range('169.254.0.0/16'), what: 'link-local' },
  { range: range('224.0.0.0/4'), what: 'multicast' },
  { range: range('255.255.255.255'), what: 'broadcast' },
  { range: range('240.0.0.0/4'), what: 'reserved' },
  { range: range('::'), what: 'unspecified' },
  { range: IPV4_COMPATIBLE, what: 'an IPv4-compatible address' },
  { range: MAPPED, what: 'an IPv4-mapped address' },
  { range: TRANSLATED, what: 'an IPv4-translated address' },
  { range: LOCAL_NAT64, what: 'a local NAT64 address' },
  { range: range('fe80::/10'), what: 'link-local' },
  { range: range('ff00::/8'), what: 'multicast' },
  { range: range('100::/64'), what: 'a discard address' },
];

/** IPv4 address in four bytes from `offset`; Teredo stores the client's with every bit turned over (RFC 4380, 4). */
export function ipv4At(bytes: readonly number[], offset: number, mask = 0): ipaddr.IPv4 {
  return new ipaddr.IPv4(bytes.slice(offset, offset + 4).map((byte) => byte ^ mask));
}

/** IPv4 addresses to which a packet for this IPv6 address may end up being sent: what is denied there is denied here. */
export function embeddedAddresses(address: Address): readonly ipaddr.IPv4[] {
  if (address.kind() === 'ipv4') return [];
  const bytes = address.toByteArray();
  if (TEREDO.holds(address)) return [ipv4At(bytes, 4), ipv4At(bytes, 12, 0xff)];
  if (SIX_TO_FOUR.holds(address)) return [ipv4At(bytes, 2)];
  const atTheEnd = [IPV4_COMPATIBLE, MAPPED, TRANSLATED, NAT64, LOCAL_NAT64];
  return atTheEnd.some(({ holds }) => holds(address)) ? [ipv4At(bytes, 12)] : [];
}
