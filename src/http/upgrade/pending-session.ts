import { RefusedError } from '../../shared/errors.js';
import {
  CLOSED_SESSION,
  closeWith,
  type SessionStart,
  type SocketSession,
  type ViewerSocket,
} from '../../viewer/socket-session.js';

/**
 * Most bytes of messages that wait for the judgement: a wall may send all of its subscriptions behind its handshake. A JWT is
 * verified within milliseconds.
 */
export const MAX_WAITING_BYTES = 256 * 1024;

/**
 * A socket whose handshake is not judged yet, because a JWT is verified in a promise. The socket is open already: uWebSockets.js
 * closes about every second one that is upgraded later than in its own handler, when that is done in `cork` as it asks for
 * (https://github.com/uNetworking/uWebSockets/pull/1929), and without `cork` it writes a warning for each.
 */
export class PendingSession implements SocketSession {
  #session: SocketSession | null = null;
  #waiting: { readonly data: Uint8Array; readonly isBinary: boolean }[] = [];
  #waitingBytes = 0;
  #closed = false;

  /**
   * @param judged gives the start of the session; never rejects
   * @param refused is told when the client did not wait for it
   */
  constructor(
    private readonly socket: ViewerSocket,
    judged: Promise<SessionStart>,
    private readonly refused: (error: RefusedError) => void,
  ) {
    void judged.then((start) => {
      if (!this.#closed) this.#begin(start);
    });
  }

  message(data: Uint8Array, isBinary: boolean): void {
    if (this.#session) {
      this.#session.message(data, isBinary);
      return;
    }
    this.#waitingBytes += data.byteLength;
    if (this.#waitingBytes > MAX_WAITING_BYTES) {
      this.#end(new RefusedError('too_many_messages', 'too many messages before the token was judged'));
      return;
    }
    // uWebSockets.js takes the memory of a message back when its handler returns.
    this.#waiting.push({ data: new Uint8Array(data), isBinary });
  }

  pong(payload: string): void {
    this.#session?.pong(payload);
  }

  drain(): void {
    this.#session?.drain();
  }

  closed(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#waiting = [];
    this.#session?.closed();
  }

  #begin(start: SessionStart): void {
    const session = start(this.socket);
    this.#session = session;
    // A refusal in `start` has closed the socket already.
    if (this.#closed) session.closed();
    for (const { data, isBinary } of this.#waiting.splice(0))
      if (!this.#closed) session.message(data, isBinary);
  }

  #end(error: RefusedError): void {
    this.#session = CLOSED_SESSION;
    this.#waiting = [];
    this.refused(error);
    closeWith(this.socket, error);
  }
}
