import { lookup as dnsLookup } from 'node:dns/promises';
import { isIP, isIPv4 } from 'node:net';
import { CameraError } from '../shared/errors.js';
import {
  DENIED_RANGES,
  embeddedAddresses,
  isWithin,
  parseAddress,
  parseRange,
  type Address,
  type Range,
} from './address-ranges.js';

/**
 * Which hosts a camera may be on. The order of the rules:
 * 1. RTSP_DENY (ranges and host patterns) wins over everything, also for an IPv4 address embedded in an IPv6 one.
 * 2. Ranges where no camera is (address-ranges.ts) are denied. An RTSP_ALLOW range that lies wholly inside such a range
 *    lifts that denial: `169.254.0.0/16` admits link-local cameras, but `0.0.0.0/0` lifts nothing, and a cloud metadata
 *    address must be named itself.
 * 3. When RTSP_ALLOW has entries, the address or the host must match one. A host pattern lifts no denial of rule 2:
 *    whoever owns a name decides where it points.
 * Loopback and private ranges are allowed unless a list says otherwise: that is where cameras are.
 */
export interface AddressPolicy {
  /**
   * Wrong entries of the lists, one line each, naming the setting and the entry. Such an entry matches nothing, so a
   * service must not start with one: a mistyped RTSP_DENY would deny nothing.
   */
  readonly problems: readonly string[];
  /** Judges what can be judged before a name is resolved. Null: go on; else why not, for people. */
  judgeHost(host: string): string | null;
  /** Judges one numeric address that `host` has. Null: it may be dialled; else why not, for people. */
  judgeAddress(address: string, host: string): string | null;
}

interface Rules {
  readonly ranges: Range[];
  readonly hosts: ((host: string) => boolean)[];
}

const LABEL = /^[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?$/;
/** A last label like this makes resolvers read the whole as an IPv4 address in an old notation (`0x7f.1`, `2130706433`). */
const NUMERIC_LABEL = /^(?:\d+|0x[0-9a-f]*)$/;

/** A DNS name, lower-case: no trailing dot, no empty label, and nothing that a resolver could read as a number. */
function isDnsName(host: string): boolean {
  const labels = host.split('.');
  return host.length <= 253 && labels.every((l) => LABEL.test(l)) && !NUMERIC_LABEL.test(labels.at(-1) ?? '');
}

function parseRules(setting: string, entries: readonly string[], problems: string[]): Rules {
  const rules: Rules = { ranges: [], hosts: [] };
  for (const entry of entries) {
    const range = parseRange(entry);
    const pattern = entry.toLowerCase();
    const suffix = pattern.startsWith('*.') ? pattern.slice(1) : null;
    if (range) rules.ranges.push(range);
    else if (!isDnsName(suffix === null ? pattern : suffix.slice(1))) {
      problems.push(
        `${setting}: "${entry}" is no address (192.168.1.7), range (10.0.0.0/8) or host (cam-1.lan, *.cams.example)`,
      );
    } else if (suffix === null) rules.hosts.push((host) => host === pattern);
    else rules.hosts.push((host) => host.endsWith(suffix));
  }
  return rules;
}

/** The settings that a policy's lists come from, for messages. */
const CAMERA_LISTS = { allow: 'RTSP_ALLOW', deny: 'RTSP_DENY' };

/**
 * `allow` and `deny` are the entries of RTSP_ALLOW and RTSP_DENY, or of the settings that `names` has: CIDRs, addresses, hosts, `*.`
 * patterns. Never throws.
 */
export function createAddressPolicy(
  lists: { readonly allow: readonly string[]; readonly deny: readonly string[] },
  names: { readonly allow: string; readonly deny: string } = CAMERA_LISTS,
): AddressPolicy {
  const problems: string[] = [];
  const deny = parseRules(names.deny, lists.deny, problems);
  const allow = parseRules(names.allow, lists.allow, problems);
  // Entries, not rules: a list of mistakes must not mean "everything".
  const allowsOnlyListed = lists.allow.length > 0;
  const named = (host: string): boolean => allow.hosts.some((matches) => matches(host));
  const lifted = (address: Address, denied: Range): boolean =>
    allow.ranges.some((range) => isWithin(range, denied) && range.holds(address));

  function deniedBecause(address: Address): string | null {
    if (deny.ranges.some((range) => range.holds(address))) return `is denied by ${names.deny}`;
    for (const { range, what } of DENIED_RANGES) {
      if (range.holds(address) && !lifted(address, range))
        return `is ${what}: only an ${names.allow} entry of its own admits it`;
    }
    for (const inner of embeddedAddresses(address)) {
      const reason = deniedBecause(inner);
      if (reason !== null) return `holds ${inner.toString()}, which ${reason}`;
    }
    return null;
  }

  function judgeAddress(text: string, hostText: string): string | null {
    const host = hostText.toLowerCase();
    if (isIP(text) === 0 || text.includes('%')) return 'is not a plain numeric address';
    if (deny.hosts.some((matches) => matches(host))) return `is denied by ${names.deny}`;
    const address = parseAddress(text);
    const reason = deniedBecause(address);
    if (reason !== null) return reason;
    if (!allowsOnlyListed || named(host) || allow.ranges.some((range) => range.holds(address))) return null;
    return `is not in ${names.allow}`;
  }

  function judgeHost(hostText: string): string | null {
    const host = hostText.toLowerCase();
    if (isIP(host) !== 0) return judgeAddress(host, host);
    if (!isDnsName(host)) return 'is neither a host name nor a plain dotted or IPv6 address';
    if (deny.hosts.some((matches) => matches(host))) return `is denied by ${names.deny}`;
    // A name that no answer could admit is not looked up at all.
    if (allowsOnlyListed && allow.ranges.length === 0 && !named(host)) return `is not in ${names.allow}`;
    return null;
  }

  return { problems, judgeHost, judgeAddress };
}

/** All addresses of a name, numeric. May reject; an empty list counts as "no such name". */
export type Lookup = (host: string) => Promise<readonly string[]>;

/** The system's resolver (hosts file included), in its own order. */
export const systemLookup: Lookup = async (host) => {
  const found = await dnsLookup(host, { all: true, verbatim: true });
  return found.map(({ address }) => address);
};

/** At least one, in the order in which they are tried. */
export type Addresses = readonly [string, ...string[]];

/**
 * Resolves a camera's host once and returns the addresses to dial, IPv4 first: dial these and not the name, since a second
 * look-up could give others. One denied address is enough to deny the name, whichever would be dialled.
 * Rejects with CameraError `target_denied` or `dns`.
 */
export async function resolveTarget(
  target: { readonly host: string },
  policy: Pick<AddressPolicy, 'judgeHost' | 'judgeAddress'>,
  lookup: Lookup = systemLookup,
): Promise<Addresses> {
  const { host } = target;
  const reason = policy.judgeHost(host);
  if (reason !== null) throw new CameraError('target_denied', `${host} ${reason}`);
  if (isIP(host) !== 0) return [host];
  const addresses = await lookup(host).catch((error: unknown) => {
    throw new CameraError('dns', `${host}: ${errorCode(error)}`);
  });
  for (const address of addresses) {
    const denied = policy.judgeAddress(address, host);
    if (denied !== null)
      throw new CameraError('target_denied', `${host} has the address ${address}, which ${denied}`);
  }
  const [first, ...others] = [...addresses].sort((a, b) => Number(isIPv4(b)) - Number(isIPv4(a)));
  if (first === undefined) throw new CameraError('dns', `${host}: the name has no address`);
  return [first, ...others];
}

const errorCode = (error: unknown): string =>
  error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : 'look-up failed';
