import { createSocket, type Socket } from 'node:dgram';
import { once } from 'node:events';
import { isIPv6 } from 'node:net';
import type { UdpPair } from './sink.js';

const TRIES = 50;

async function bind(host: string, port: number): Promise<Socket> {
  const type = isIPv6(host) ? 'udp6' : 'udp4';
  // Addresses are numeric here; the default lookup would cost a turn of the event loop for each packet.
  const socket = createSocket({
    type,
    lookup: (address, _, done) => done(null, address, type === 'udp6' ? 6 : 4),
  });
  // Before bind(): with a lookup that answers at once, it emits the event itself.
  const listening = once(socket, 'listening');
  socket.bind(port, host);
  try {
    await listening;
  } catch (error) {
    socket.close();
    throw error;
  }
  // A viewer that is gone answers with ICMP errors: its RTSP connection tells the same, and ends it.
  socket.on('error', () => undefined);
  return socket;
}

/** An even port for RTP and the odd one behind it for RTCP (RFC 3550, 11), as the system has them free. */
export async function openUdpPair(host: string): Promise<UdpPair> {
  for (let attempt = 1; ; attempt++) {
    const rtp = await bind(host, 0);
    const rtpPort = rtp.address().port;
    try {
      if (rtpPort % 2 !== 0) throw new Error('odd port');
      const rtcp = await bind(host, rtpPort + 1);
      return { rtp, rtcp, rtpPort };
    } catch (error) {
      rtp.close();
      if (attempt === TRIES) throw error;
    }
  }
}
