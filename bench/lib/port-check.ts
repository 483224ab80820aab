import { readFileSync } from 'node:fs';
import { connect } from 'node:net';

/** State LISTEN in /proc/net/tcp. */
const LISTEN = '0A';
const CONNECT_TIMEOUT_MS = 1000;

/** Rows of a /proc/net/tcp or tcp6 text that listen on `port`. Sockets that share it (SO_REUSEPORT) have a row each. */
export function listenersIn(table: string, port: number): number {
  const suffix = `:${port.toString(16).toUpperCase().padStart(4, '0')}`;
  return table.split('\n').filter((row) => {
    const [, local, , state] = row.trim().split(/\s+/);
    return state === LISTEN && local?.endsWith(suffix) === true;
  }).length;
}

/** Sockets of this network namespace that listen on `port`, IPv4 and IPv6. */
export function countListeners(port: number): number {
  return ['/proc/net/tcp', '/proc/net/tcp6'].reduce((sum, path) => sum + listenersIn(read(path), port), 0);
}

/**
 * Refuses (throws) when something listens on the port. uWebSockets.js shares a taken port silently, and then each
 * of two servers gets a part of the viewers: every number measured would be wrong.
 */
export async function assertPortFree(host: string, port: number): Promise<void> {
  if (countListeners(port) > 0 || (await answers(host, port))) {
    throw new Error(`${host}:${port} is taken: stop what listens there, or nothing measured would be true`);
  }
}

/** Refuses (throws) unless exactly one socket listens on the port. Call it when the server is up. */
export function assertSoleListener(port: number): void {
  const count = countListeners(port);
  if (count !== 1)
    throw new Error(`${count} sockets listen on port ${port}, not 1: nothing measured would be true`);
}

function answers(host: string, port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect({ host, port });
    const settle = (answer: boolean): void => {
      socket.destroy();
      resolve(answer);
    };
    socket.setTimeout(CONNECT_TIMEOUT_MS, () => settle(false));
    socket.once('connect', () => settle(true));
    socket.once('error', () => settle(false));
  });
}

function read(path: string): string {
  try {
    return readFileSync(path, 'latin1');
  } catch {
    // No IPv6, or no such table here: the connection attempt still tells.
    return '';
  }
}
