import { isIPv4 } from 'node:net';
import { find, findAll, parseXml, textOf, XmlError, type XmlElement } from './xml-tree.js';
import { printable } from './printable.js';

/** A device that answered a probe. */
export interface FoundDevice {
  /** Where its answer came from. */
  readonly address: string;
  /** Address of its device service on that very host; `null`: it named none there. */
  readonly service: URL | null;
  /** Hosts that it named instead, for people. */
  readonly foreign: readonly string[];
  /** What it calls itself; may be empty. */
  readonly name: string;
}

/** A device names one or a few; more is no device. */
const MAX_ADDRESSES = 8;

/**
 * Reads an answer to a probe.
 * @param address where the datagram came from: a device speaks for itself alone
 * @param ids of the probes
 * @returns `null` for what is no answer to these probes
 */
export function parseProbeMatch(
  datagram: Uint8Array,
  address: string,
  ids: readonly string[],
): FoundDevice | null {
  let envelope: XmlElement;
  try {
    envelope = parseXml(datagram);
  } catch (error) {
    if (error instanceof XmlError) return null;
    throw error;
  }
  const relates = textOf(envelope, 'Header', 'RelatesTo');
  // Some name no probe at all.
  if (relates !== '' && !ids.includes(relates.toLowerCase())) return null;
  const body = find(envelope, 'Body');
  // Some leave the list around it out.
  const [match] = findAll(find(body, 'ProbeMatches') ?? body, 'ProbeMatch');
  if (!match) return null;
  const addresses = textOf(match, 'XAddrs').split(/\s+/).filter(Boolean).slice(0, MAX_ADDRESSES);
  const urls = addresses.map(serviceUrl).filter((url) => url !== null);
  const own = urls.filter(({ hostname }) => hostname === address);
  return {
    address,
    service: own.find(({ protocol }) => protocol === 'http:') ?? own[0] ?? null,
    foreign: urls.filter(({ hostname }) => hostname !== address).map(({ hostname }) => printable(hostname)),
    name: scopeNames(textOf(match, 'Scopes')),
  };
}

/** A numeric http(s) address without credentials; `null` for anything else. */
export function serviceUrl(text: string): URL | null {
  const url = text.length <= 512 && URL.canParse(text) ? new URL(text) : null;
  if (!url || (url.protocol !== 'http:' && url.protocol !== 'https:')) return null;
  return isIPv4(url.hostname) && url.username === '' && url.password === '' ? url : null;
}

/** From scopes like `onvif://www.onvif.org/name/Front%20door` and `.../hardware/M1065`. */
function scopeNames(scopes: string): string {
  const values = ['name', 'hardware'].map((kind) => {
    const found =
      new RegExp(`(?:^|\\s)onvif://www\\.onvif\\.org/${kind}/(\\S{1,200})`, 'i').exec(scopes)?.[1] ?? '';
    try {
      return printable(decodeURIComponent(found), 60);
    } catch {
      return printable(found, 60);
    }
  });
  return [...new Set(values.filter(Boolean))].join(' ');
}
