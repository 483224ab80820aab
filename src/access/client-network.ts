import { isIPv6 } from 'node:net';
import { MAPPED, ipv4At, parseAddress } from '../source/address-ranges.js';

/** Bytes of an IPv6 address that tell one subscriber from another: each has at least 2^64 addresses of its own (RFC 6177, 2). */
const NETWORK_BYTES = 8;
/** Where an IPv4-mapped address has its IPv4 one (RFC 4291, 2.5.5.2). */
const MAPPED_AT = 12;

/**
 * Whom a limit counts: an IPv4 address, or the /64 of an IPv6 address, whose owner may use another one for each connection.
 * An IPv4 client of a dual-stack socket shows as IPv4-mapped, and counts as what it is: all of those are in one /64.
 * @param address in any spelling; what is no IP address stays as it is
 */
export function clientNetwork(address: string): string {
  if (!isIPv6(address)) return address;
  const parsed = parseAddress(address);
  const bytes = parsed.toByteArray();
  if (MAPPED.holds(parsed)) return ipv4At(bytes, MAPPED_AT).toString();
  return `${Buffer.from(bytes.slice(0, NETWORK_BYTES)).toString('hex')}/64`;
}
