import { createSocket, type Socket as UdpSocket } from 'node:dgram';
import { once } from 'node:events';
import { createServer } from 'node:net';
import type { Elsewhere } from './kind.js';

/** A host that hostile cameras name, and that listens over TCP and UDP for whoever contacts it. */
export interface Trap extends Elsewhere {
  /** Who came, by transport. */
  readonly contacts: readonly string[];
  close(): Promise<void>;
}

/** Not the cameras' own address. Linux takes all of 127.0.0.0/8 for its own. */
const HOST = '127.0.0.66';

export async function openTrap(): Promise<Trap> {
  const contacts: string[] = [];
  const server = createServer((socket) => {
    contacts.push(`TCP from port ${socket.remotePort ?? 0}`);
    socket.destroy();
  }).listen(0, HOST);
  await once(server, 'listening');
  const address = server.address();
  if (typeof address !== 'object' || address === null) throw new Error('the trap has no port');
  const { port } = address;
  const datagrams = await Promise.all([port, port + 1].map((each) => listen(each, contacts)));
  return {
    host: HOST,
    port,
    contacts,
    close: async () => {
      for (const socket of datagrams) socket.close();
      await once(server.close(), 'close');
    },
  };
}

async function listen(port: number, contacts: string[]): Promise<UdpSocket> {
  const socket = createSocket('udp4');
  socket.on('message', (_, from) => contacts.push(`UDP from port ${from.port}`));
  socket.bind(port, HOST);
  await once(socket, 'listening');
  return socket;
}
