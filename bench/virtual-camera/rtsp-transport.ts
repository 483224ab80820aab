/** What a client asks for in SETUP's Transport header (RFC 2326, 12.39). */
export type TransportRequest =
  | { readonly kind: 'tcp'; readonly channel: number }
  | { readonly kind: 'udp'; readonly rtpPort: number; readonly rtcpPort: number };

/** First alternative that the camera can serve; null: none (461). */
export function parseTransport(header: string): TransportRequest | null {
  for (const offer of header.split(',')) {
    const parts = offer.trim().split(';');
    const protocol = parts[0]?.toUpperCase() ?? '';
    if (parts.includes('multicast')) continue;
    const pair = (name: string): [number, number] | null => {
      const part = parts.find((candidate) => candidate.startsWith(`${name}=`));
      const match = /^(\d{1,5})(?:-(\d{1,5}))?$/.exec(part?.slice(name.length + 1) ?? '');
      if (match === null) return null;
      const first = Number(match[1]);
      return [first, match[2] === undefined ? first + 1 : Number(match[2])];
    };
    if (protocol === 'RTP/AVP/TCP') {
      const [channel] = pair('interleaved') ?? [0];
      if (channel <= 254) return { kind: 'tcp', channel };
    } else if (protocol === 'RTP/AVP' || protocol === 'RTP/AVP/UDP') {
      const ports = pair('client_port');
      if (ports?.every((port) => port > 0 && port < 65_536) === true) {
        return { kind: 'udp', rtpPort: ports[0], rtcpPort: ports[1] };
      }
    }
  }
  return null;
}
