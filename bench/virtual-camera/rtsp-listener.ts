import { once } from 'node:events';
import { createServer, type Server } from 'node:net';
import type { Camera } from './camera.js';
import { Connection, type ConnectionHost } from './connection.js';

/** A listening port with its connections, which can close and come back on the same port. */
export class RtspListener {
  readonly #address: string;
  readonly #host: ConnectionHost;
  readonly #owner: Camera | undefined;
  readonly #connections = new Set<Connection>();
  #server: Server | undefined;
  #port: number;

  /** @param owner the camera that has this port for itself. */
  constructor(address: string, port: number, host: ConnectionHost, owner: Camera | undefined) {
    this.#address = address;
    this.#port = port;
    this.#host = host;
    this.#owner = owner;
  }

  /** The port that the system chose, once open. */
  get port(): number {
    return this.#port;
  }

  get isOpen(): boolean {
    return this.#server !== undefined;
  }

  /** @throws Error if the port is taken. */
  async open(): Promise<void> {
    if (this.#server !== undefined) return;
    const server = createServer((socket) => {
      const connection = new Connection(socket, this.#host, this.#owner);
      this.#connections.add(connection);
      socket.once('close', () => this.#connections.delete(connection));
    });
    this.#server = server;
    try {
      server.listen(this.#port, this.#address);
      await once(server, 'listening');
    } catch (error) {
      this.#server = undefined;
      throw error;
    }
    const bound = server.address();
    if (bound !== null && typeof bound === 'object') this.#port = bound.port;
  }

  /** Refuses new connections and drops those that are. */
  async close(): Promise<void> {
    const server = this.#server;
    this.#server = undefined;
    for (const connection of this.#connections) connection.destroy();
    if (server === undefined) return;
    const closed = once(server, 'close');
    server.close();
    await closed;
  }
}
