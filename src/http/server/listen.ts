import { once } from 'node:events';
import { createServer } from 'node:net';
import type { TemplatedApp, us_listen_socket } from 'uWebSockets.js';
import { tcpListeners } from './tcp-listeners.js';

/** SO_REUSEADDR and SO_REUSEPORT; uSockets has either both or none. */
const LIBUS_LISTEN_DEFAULT = 0;

/**
 * Listens on a port that nobody else listens on.
 *
 * Without SO_REUSEADDR a service that is started again would not get its port for a minute: connections that the one before it
 * closed are in TIME_WAIT. With SO_REUSEPORT, which comes along, two instances would share a port silently, and each get a part of
 * the viewers. Hence the look at the port before, and at its listeners after, for two that start in the same moment.
 * @param close ends what `listen` gave
 * @returns null when the port cannot be had
 */
export async function listenAlone(
  app: TemplatedApp,
  host: string,
  port: number,
  close: (socket: us_listen_socket) => void,
): Promise<us_listen_socket | null> {
  if (port !== 0 && !(await isFree(host, port))) return null;
  const socket = await listen(app, host, port);
  if (!socket || port === 0 || !isShared(port)) return socket;
  close(socket);
  return null;
}

/** Node sets SO_REUSEADDR alone: connections in TIME_WAIT do not matter to it, listeners do. */
async function isFree(host: string, port: number): Promise<boolean> {
  const probe = createServer();
  try {
    await once(probe.listen({ host, port, exclusive: true }), 'listening');
  } catch {
    return false;
  }
  probe.close();
  await once(probe, 'close');
  return true;
}

function isShared(port: number): boolean {
  const listeners = tcpListeners(port);
  return new Set(listeners.map(({ address }) => address)).size < listeners.length;
}

/** The typings lack `listen` with host and options, which the binding has. */
function listen(app: TemplatedApp, host: string, port: number): Promise<us_listen_socket | null> {
  type Listen = (
    host: string,
    port: number,
    options: number,
    callback: (socket: us_listen_socket | false) => void,
  ) => void;
  return new Promise((resolve) => {
    (app.listen as unknown as Listen).call(app, host, port, LIBUS_LISTEN_DEFAULT, (socket) => {
      resolve(socket === false ? null : socket);
    });
  });
}
