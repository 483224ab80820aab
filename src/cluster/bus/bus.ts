/**
 * What the cluster needs of NATS: the only border to it, so that everything else here can be tested without a server.
 */

export type MessageHandler = (message: Uint8Array, subject: string) => void;
/** @returns the answer's bytes */
export type RequestHandler = (message: Uint8Array, subject: string) => Promise<Uint8Array>;

export interface Bus {
  readonly connected: boolean;
  /** Largest message that the server takes, bytes. */
  readonly maxPayload: number;
  /** @returns `false` without a connection: the message is dropped, since what is queued would be flushed when it is old */
  publish(subject: string, message: Uint8Array): boolean;
  /** Stays through reconnects. A handler that throws is the caller's fault and is logged. */
  subscribe(subject: string, handler: MessageHandler): void;
  answer(subject: string, handler: RequestHandler): void;
  /** @returns `null` when nobody answered in time */
  request(subject: string, message: Uint8Array, timeoutMs: number): Promise<Uint8Array | null>;
  /**
   * Asks whether somebody answers on the subject. `nobody`: the server says that nobody is subscribed. `silent`: no answer in time, or no
   * connection.
   */
  reach(subject: string, timeoutMs: number): Promise<'answered' | 'nobody' | 'silent'>;
}

/** What is known of one lease. */
export interface LeaseEntry {
  readonly value: Uint8Array;
  readonly revision: number;
}

/** `unknown`: no answer; what was asked may have happened or not. */
export type LeaseOutcome =
  | { readonly type: 'done'; readonly revision: number }
  | { readonly type: 'conflict' }
  | { readonly type: 'unknown' };

/** A bucket whose entries live for a bounded time: an atomic create and update is all that ownership rests on. */
export interface LeaseStore {
  /** Whether leases may be created: a bucket that was just made anew may miss those of owners that live. */
  readonly settled: boolean;
  create(key: string, value: Uint8Array): Promise<LeaseOutcome>;
  update(key: string, value: Uint8Array, revision: number): Promise<LeaseOutcome>;
  /** Of the bucket's leader, never a replica that lags. */
  read(key: string): Promise<LeaseEntry | 'absent' | 'unknown'>;
  /** Gives the key free at once, if it is still at this revision. Never rejects. */
  release(key: string, revision: number): Promise<void>;
}
