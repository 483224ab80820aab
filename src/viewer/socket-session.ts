import type { RequestFacts } from '../access/request-facts.js';

/** What a session needs of its WebSocket; uWebSockets.js has more. Never to be touched after `closed`. */
export interface ViewerSocket {
  /** 1: sent; 0: buffered; 2: dropped, since the socket is over its backpressure limit. */
  send(message: ArrayBuffer | Uint8Array | string, isBinary: boolean): number;
  ping(message: string): number;
  subscribe(topic: string): boolean;
  unsubscribe(topic: string): boolean;
  /** Bytes that the kernel has not taken yet. */
  getBufferedAmount(): number;
  cork(callback: () => void): unknown;
  end(code: number, reason: string): void;
}

/** One WebSocket's life, after its handshake. */
export interface SocketSession {
  message(data: Uint8Array, isBinary: boolean): void;
  pong(payload: string): void;
  drain(): void;
  /** The socket is gone, whoever closed it. */
  closed(): void;
}

/** What uWebSockets.js keeps for each WebSocket. */
export interface SocketData {
  /** Begins the session once the socket is open. */
  readonly start: (socket: ViewerSocket) => SocketSession;
  session: SocketSession | null;
}

/** Judges a handshake: gives the start of its session, or throws a ServiceError. */
export type Judge = (facts: RequestFacts) => SocketData['start'] | Promise<SocketData['start']>;
