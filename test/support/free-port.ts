import { once } from 'node:events';
import { createServer } from 'node:net';

/** A port that was free a moment ago: for programs that cannot choose one themselves, or do not tell which they chose. */
export async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  if (typeof address !== 'object' || address === null) throw new Error('no port');
  server.close();
  await once(server, 'close');
  return address.port;
}
