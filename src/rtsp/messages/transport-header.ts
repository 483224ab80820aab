import { isIP } from 'node:net';

/** The Transport header of SETUP (RFC 2326, 12.39). Pure. */

export type TransportOffer =
  { readonly kind: 'tcp'; readonly channel: number } | { readonly kind: 'udp'; readonly rtpPort: number };

/** @param offer of UDP: RTCP is the port behind `rtpPort` */
export const transportText = (offer: TransportOffer): string =>
  offer.kind === 'tcp'
    ? `RTP/AVP/TCP;unicast;interleaved=${offer.channel}-${offer.channel + 1}`
    : `RTP/AVP;unicast;client_port=${offer.rtpPort}-${offer.rtpPort + 1}`;

/** What the server has chosen. */
export type Transport =
  | {
      readonly kind: 'tcp';
      /** Interleaved channels of RTP and RTCP. */
      readonly channel: number;
      readonly rtcpChannel: number;
      readonly ssrc: number | null;
    }
  | {
      readonly kind: 'udp';
      /** The server's ports; `null`: not told. */
      readonly rtpPort: number | null;
      readonly rtcpPort: number | null;
      /** Address that the media shall come from, as text; `null`: not told, so the server's own. */
      readonly source: string | null;
      readonly ssrc: number | null;
    }
  /** Neither is usable: multicast, or a transport that was not asked for. */
  | { readonly kind: 'other'; readonly text: string };

/**
 * @param header the answer's header; some cameras leave it out, which stands for what was offered
 * @param offer what was asked for
 */
export function parseTransport(header: string | null, offer: TransportOffer): Transport {
  const [protocol = '', ...parameters] =
    (header ?? '')
      .split(',')[0]
      ?.split(';')
      .map((part) => part.trim()) ?? [];
  const named = new Map(
    parameters.map((part) => {
      const [name = '', ...value] = part.split('=');
      return [name.trim().toLowerCase(), value.join('=').trim()] as const;
    }),
  );
  const ssrc = parseSsrc(named.get('ssrc'));
  const interleaved = parsePair(named.get('interleaved'), 255);
  const isTcp = /\/TCP$/i.test(protocol) || interleaved !== null;
  if (named.has('multicast')) return { kind: 'other', text: 'multicast' };
  if (isTcp || (protocol === '' && offer.kind === 'tcp')) {
    const [channel, rtcpChannel] =
      interleaved ?? (offer.kind === 'tcp' ? [offer.channel, offer.channel + 1] : []);
    if (channel === undefined || rtcpChannel === undefined)
      return { kind: 'other', text: 'TCP without channels' };
    return { kind: 'tcp', channel, rtcpChannel, ssrc };
  }
  // Some servers leave out `/TCP` although they send interleaved: what was asked for holds then.
  if (offer.kind === 'tcp') return { kind: 'other', text: 'UDP' };
  const [rtpPort = null, rtcpPort = null] = parsePair(named.get('server_port'), 65_535) ?? [];
  const source = named.get('source') ?? '';
  return {
    kind: 'udp',
    // Old cameras answer 0-1 for "not told".
    rtpPort: rtpPort === 0 ? null : rtpPort,
    rtcpPort: rtpPort === 0 ? null : rtcpPort,
    source: source === '' || isUnspecified(source) ? null : source,
    ssrc,
  };
}

/** `5000-5001`, or `5000` for itself and the next. */
function parsePair(text: string | undefined, max: number): [number, number] | null {
  const [, first, second] = /^(\d{1,5})(?:\s*-\s*(\d{1,5}))?$/.exec(text ?? '') ?? [];
  if (first === undefined) return null;
  const pair: [number, number] = [Number(first), second === undefined ? Number(first) + 1 : Number(second)];
  return pair.every((each) => each <= max) ? pair : null;
}

/** Eight hex digits (12.39); blanks and shorter ones are seen. */
function parseSsrc(text: string | undefined): number | null {
  return text !== undefined && /^[0-9a-f]{1,8}$/i.test(text) ? parseInt(text, 16) : null;
}

const HOST_NAME = /^[a-z0-9_-]+(?:\.[a-z0-9_-]+)*\.?$/;

const isUnspecified = (address: string): boolean => address === '0.0.0.0' || address === '::';

/**
 * Whether `named`, out of `source=` or `c=`, stands for another host than the one that was dialled.
 * @param address the dialled one, numeric
 * @param host the URL's, as given
 */
export function namesAnotherHost(named: string | null, address: string, host: string): boolean {
  const plain = (named ?? '').split('/')[0]?.toLowerCase() ?? '';
  if (plain === '' || isUnspecified(plain) || plain === host.toLowerCase()) return false;
  // Garbage is nobody's name: nothing of this is ever dialled.
  if (isIP(plain) === 0) return HOST_NAME.test(plain);
  return !sameAddress(plain, address);
}

/** Compares numeric addresses, an IPv4 one also in its IPv6 form. */
export function sameAddress(a: string, b: string): boolean {
  return canonical(a) === canonical(b);
}

function canonical(address: string): string {
  const plain = address
    .toLowerCase()
    .replace(/^::ffff:(?=\d+\.)/, '')
    .replace(/%.*$/, '');
  // URL parsing brings IPv6 literals into their shortest form.
  return isIP(plain) === 6 ? new URL(`http://[${plain}]/`).hostname : plain;
}
