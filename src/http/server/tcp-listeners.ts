import { readFileSync } from 'node:fs';

/** A listening TCP socket of this machine (network namespace), whoever owns it. */
export interface TcpListener {
  /** As /proc/net/tcp writes it: hexadecimal. */
  readonly address: string;
  /** Of the socket, unique. */
  readonly inode: string;
}

/** The state of a listening socket in /proc/net/tcp. */
const LISTENING = '0A';

/** All listeners on `port`; none where there is no /proc, which is no reason not to start. */
export function tcpListeners(port: number): TcpListener[] {
  return ['/proc/self/net/tcp', '/proc/self/net/tcp6'].flatMap(readTable).flatMap((row) => {
    const [, local = '', , state, , , , , , inode = ''] = row.trim().split(/\s+/);
    const [address = '', hexPort = ''] = local.split(':');
    return state === LISTENING && Number.parseInt(hexPort, 16) === port ? [{ address, inode }] : [];
  });
}

function readTable(path: string): string[] {
  try {
    return readFileSync(path, 'latin1').split('\n');
  } catch {
    return [];
  }
}
