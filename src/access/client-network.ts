import { isIP, isIPv6 } from 'node:net';
import { type Address, ipv4At, MAPPED, parseAddress, type Range } from '../source/address-ranges.js';

/** Bytes of an IPv6 address that tell one subscriber from another: each has at least 2^64 addresses of its own (RFC 6177, 2). */
const NETWORK_BYTES = 8;
/** Where an IPv4-mapped address has its IPv4 one (RFC 4291, 2.5.5.2). */
const MAPPED_AT = 12;

/** An address as what it is: an IPv4 client of a dual-stack socket shows as IPv4-mapped IPv6. Null for what is no address. */
function addressOf(text: string): Address | null {
  if (isIP(text) === 0) return null;
  const address = parseAddress(text);
  return MAPPED.holds(address) ? ipv4At(address.toByteArray(), MAPPED_AT) : address;
}

/** One spelling for each address; what is none stays as it is. */
export const addressText = (text: string): string => addressOf(text)?.toString() ?? text;

/**
 * Whom a limit counts: an IPv4 address, or the /64 of an IPv6 address, whose owner may use another one for each connection.
 * IPv4-mapped addresses count as IPv4: all of those are in one /64.
 * @param address in any spelling; what is no IP address stays as it is
 */
export function clientNetwork(address: string): string {
  if (!isIPv6(address)) return address;
  const plain = addressOf(address);
  if (plain?.kind() !== 'ipv6') return plain?.toString() ?? address;
  return `${Buffer.from(plain.toByteArray().slice(0, NETWORK_BYTES)).toString('hex')}/64`;
}

/** Whether an address is in one of the ranges. */
export function isIn(ranges: readonly Range[]): (address: string) => boolean {
  if (ranges.length === 0) return () => false;
  return (text) => {
    const address = addressOf(text);
    return address !== null && ranges.some((range) => range.holds(address));
  };
}
