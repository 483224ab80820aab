import { isIPv6 } from 'node:net';
import { parseAddress } from './address-ranges.js';

/** Bits of an IPv6 address that tell one subscriber from another: each has at least 2^64 addresses of its own (RFC 6177, 2). */
const NETWORK_BYTES = 8;

/**
 * Whom a limit counts: an IPv4 address, or the /64 of an IPv6 address, whose owner may use another one for each connection.
 * @param address as `RequestFacts.address` has it; what is no IP address stays as it is
 */
export function clientNetwork(address: string): string {
  if (!isIPv6(address)) return address;
  const bytes = parseAddress(address).toByteArray().slice(0, NETWORK_BYTES);
  return `${Buffer.from(bytes).toString('hex')}/64`;
}
