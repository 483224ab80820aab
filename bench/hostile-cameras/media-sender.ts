import type { Socket as UdpSocket } from 'node:dgram';
import type { Socket } from 'node:net';

/** Where a client wants its packets. */
export type Destination =
  | { readonly kind: 'tcp' }
  | { readonly kind: 'udp'; readonly address: string; readonly rtpPort: number; readonly from: UdpSocket };

/** Pictures a second of a camera that does not flood. */
export const FPS = 10;
/** Of UDP (65,535 less its header and IP's). */
const LONGEST_DATAGRAM = 65_507;

/** Sends pictures until the connection is gone; a client that does not read is waited for. */
export function sendMedia(
  socket: Socket,
  destination: Destination,
  isFlood: boolean,
  next: () => Buffer,
): void {
  const send = destination.kind === 'tcp' ? toStream(socket) : toPorts(destination);
  let isSending = false;
  const picture = async (): Promise<void> => {
    if (isSending || !socket.writable) return;
    isSending = true;
    await send(next());
    isSending = false;
  };
  if (isFlood) void floodWith(socket, picture);
  else {
    const timer = setInterval(() => void picture(), 1000 / FPS);
    socket.once('close', () => clearInterval(timer));
  }
}

async function floodWith(socket: Socket, picture: () => Promise<void>): Promise<void> {
  while (socket.writable) {
    await picture();
    await new Promise(setImmediate);
  }
}

const toStream =
  (socket: Socket) =>
  (bytes: Buffer): Promise<void> =>
    new Promise((resolve) => {
      socket.once('close', resolve);
      socket.write(bytes, () => {
        socket.off('close', resolve);
        resolve();
      });
    });

/** Each interleaved packet as a datagram of its own, whatever its length says. */
const toPorts =
  ({ address, rtpPort, from }: Destination & { kind: 'udp' }) =>
  async (bytes: Buffer): Promise<void> => {
    for (let at = 0; at + 4 <= bytes.length;) {
      const length = bytes.readUInt16BE(at + 2);
      const packet = bytes.subarray(at + 4, at + 4 + Math.min(length, LONGEST_DATAGRAM));
      const port = rtpPort + (bytes[at + 1] === 1 ? 1 : 0);
      await new Promise<void>((resolve) => from.send(packet, port, address, () => resolve()));
      at += 4 + length;
    }
  };
