import type { RequestFacts } from '../access/request-facts.js';
import { closeReason } from '../shared/close-reason.js';
import type { ServiceError } from '../shared/errors.js';

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

/** A socket that was refused: nothing that still comes from it matters. */
export const CLOSED_SESSION: SocketSession = {
  message: () => undefined,
  pong: () => undefined,
  drain: () => undefined,
  closed: () => undefined,
};

/** Begins a session on the socket that was just opened. */
export type SessionStart = (socket: ViewerSocket) => SocketSession;

/** What uWebSockets.js keeps for each WebSocket. */
export interface SocketData {
  readonly start: SessionStart;
  session: SocketSession | null;
}

/** Judges a handshake: gives the start of its session, or throws a ServiceError. */
export type Judge = (facts: RequestFacts) => SessionStart | Promise<SessionStart>;

/** A WebSocket path: who may come in, and how large a message from a client may be. */
export interface SocketRoute {
  readonly path: string;
  readonly judge: Judge;
  readonly maxMessageBytes: number;
  /** False: the sessions ping by themselves. */
  readonly autoPing: boolean;
  /**
   * Silence of a client, ms, after which its session closes it and says why; `null` when that is no matter of the session. The socket
   * itself, which can only be cut, then waits longer.
   */
  readonly slowTimeoutMs: number | null;
  /** Unsent bytes at which uWebSockets.js drops whatever else is sent to a socket; 0 is no limit. */
  readonly maxBufferedBytes: number;
}

/** Closes a socket with the error's code and what a person can do about it. */
export function closeWith(socket: Pick<ViewerSocket, 'end'>, error: ServiceError): void {
  socket.end(error.close, closeReason(error.message));
}
