import { createSocket, type Socket } from 'node:dgram';
import { once } from 'node:events';
import { isIPv6 } from 'node:net';

const TRIES = 50;
/** A key frame comes in one burst. The kernel gives as much as `net.core.rmem_max` allows. */
const RECEIVE_BYTES = 2 * 1024 * 1024;

/**
 * Two UDP sockets: an even port for RTP and the odd one behind it for RTCP (RFC 3550, 11), as the system has them free.
 * @param address numeric
 * @throws Error of the system when there is no such pair
 */
export async function openPortPair(
  address: string,
): Promise<{ readonly rtp: Socket; readonly rtcp: Socket; readonly rtpPort: number }> {
  for (let attempt = 1; ; attempt++) {
    const rtp = await bind(address, 0);
    const rtpPort = rtp.address().port;
    try {
      if (rtpPort % 2 !== 0) throw new RangeError('odd port');
      return { rtp, rtcp: await bind(address, rtpPort + 1), rtpPort };
    } catch (error) {
      rtp.close();
      if (attempt === TRIES) throw error;
    }
  }
}

async function bind(address: string, port: number): Promise<Socket> {
  const type = isIPv6(address) ? 'udp6' : 'udp4';
  // Addresses are numeric here; the default lookup would cost a turn of the event loop.
  const socket = createSocket({
    type,
    lookup: (host, _, done) => done(null, host, type === 'udp6' ? 6 : 4),
  });
  const listening = once(socket, 'listening');
  socket.bind({ address, port, exclusive: true });
  try {
    await listening;
  } catch (error) {
    socket.close();
    throw error;
  }
  // ICMP errors of a peer that is gone: the silence, and its RTSP connection, tell the same.
  socket.on('error', () => undefined);
  try {
    socket.setRecvBufferSize(RECEIVE_BYTES);
  } catch {
    // As the kernel's default is.
  }
  return socket;
}
