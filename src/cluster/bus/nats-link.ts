import { connect, type Msg, type NatsConnection, RequestError, type Status } from '@nats-io/transport-node';
import { redact } from '../../shared/redact.js';
import type { Log } from '../../telemetry/log.js';
import type { Bus, MessageHandler, RequestHandler } from './bus.js';
import {
  checkVersion,
  ClusterSetupError,
  connectionOptions,
  describe,
  type LinkIdentity,
} from './nats-options.js';
import type { NatsSettings } from './nats-settings.js';
import { subjectFilter } from './subjects.js';

/** Between two tries of the first connection, ms. */
const FIRST_CONNECT_MS = 1000;
/** A connection that did not come back in this time is given up for a new one, ms. */
const GIVE_UP_MS = 10_000;

export interface LinkEvents {
  /** From now on messages go out and come in. The connection is another one after a longer break. */
  up(connection: NatsConnection): void;
  down(): void;
}

/** The connection to NATS: comes back by itself for ever, and drops what is published meanwhile. The only user of the transport. */
export class NatsLink implements Bus {
  #connection: NatsConnection | null = null;
  /** `closed` is for good; every `down` is followed by `up`, some time. */
  #state: 'down' | 'up' | 'closed' = 'down';
  #giveUp: NodeJS.Timeout | undefined;
  #lastProblem = '';
  readonly #subscriptions: { readonly subject: string; readonly callback: (message: Msg) => void }[] = [];

  constructor(
    private readonly settings: NatsSettings,
    private readonly identity: LinkIdentity,
    private readonly events: LinkEvents,
    private readonly log: Log,
  ) {}

  get connected(): boolean {
    return this.#state === 'up';
  }

  /** What is wrong with the connection, for people; empty when nothing is. */
  get problem(): string {
    return this.connected ? '' : this.#lastProblem || 'not connected to NATS yet';
  }

  get maxPayload(): number {
    return this.#connection?.info?.max_payload ?? 1 << 20;
  }

  /**
   * Tries to connect once, and goes on in the background if nobody answers.
   * @throws ClusterSetupError when the server is too old
   */
  async start(): Promise<void> {
    const problem = await this.#connectOnce();
    if (problem instanceof ClusterSetupError) throw problem;
    if (problem) void this.#connectOn();
  }

  publish(subject: string, message: Uint8Array): boolean {
    if (!this.connected || !this.#connection) return false;
    try {
      this.#connection.publish(subject, message);
      return true;
    } catch (error) {
      this.#warn('nats_publish', error);
      return false;
    }
  }

  subscribe(subject: string, handler: MessageHandler): void {
    this.#listen(subject, (message) => {
      handler(message.data, message.subject);
    });
  }

  answer(subject: string, handler: RequestHandler): void {
    this.#listen(subject, (message) => {
      handler(message.data, message.subject).then(
        (bytes) => {
          if (this.connected) message.respond(bytes);
        },
        (error: unknown) => {
          this.#warn('nats_request', error);
        },
      );
    });
  }

  async request(subject: string, message: Uint8Array, timeoutMs: number): Promise<Uint8Array | null> {
    if (!this.connected || !this.#connection) return null;
    try {
      return (await this.#connection.request(subject, message, { timeout: timeoutMs })).data;
    } catch {
      return null;
    }
  }

  async reach(subject: string, timeoutMs: number): Promise<'answered' | 'nobody' | 'silent'> {
    if (!this.connected || !this.#connection) return 'silent';
    try {
      await this.#connection.request(subject, new Uint8Array(), { timeout: timeoutMs });
      return 'answered';
    } catch (error) {
      return error instanceof RequestError && error.isNoResponders() ? 'nobody' : 'silent';
    }
  }

  async close(): Promise<void> {
    this.#state = 'closed';
    clearTimeout(this.#giveUp);
    await this.#connection?.close();
  }

  #isOver(): boolean {
    return this.#state === 'closed';
  }

  async #connectOn(): Promise<void> {
    while (!this.#isOver()) {
      await new Promise((resolve) => setTimeout(resolve, FIRST_CONNECT_MS));
      if (this.#isOver() || !(await this.#connectOnce())) return;
    }
  }

  /** @returns what went wrong, or `null` */
  async #connectOnce(): Promise<Error | null> {
    let connection: NatsConnection | null = null;
    try {
      connection = await connect(await connectionOptions(this.settings, this.identity));
      if (this.#isOver()) {
        await connection.close();
        return null;
      }
      this.#up(connection);
      this.#watch(connection);
      return null;
    } catch (error) {
      await connection?.close();
      return this.#failed(error);
    }
  }

  /** @throws ClusterSetupError when the server is too old */
  #up(connection: NatsConnection): void {
    checkVersion(connection.info?.version ?? '');
    if (this.#connection !== connection) {
      this.#connection = connection;
      for (const { subject, callback } of this.#subscriptions) this.#subscribeNow(subject, callback);
    }
    this.#state = 'up';
    this.#lastProblem = '';
    clearTimeout(this.#giveUp);
    const server = connection.getServer();
    this.log.info({ event: 'nats_connected', server, version: connection.info?.version }, `NATS: ${server}`);
    this.events.up(connection);
  }

  #failed(error: unknown): Error {
    const problem = error instanceof Error ? error : new Error(String(error));
    const message = `NATS: ${redact(describe(problem))}`;
    if (message !== this.#lastProblem) this.log.error({ event: 'nats_unreachable' }, message);
    this.#lastProblem = message;
    return problem;
  }

  #down(reason: string): void {
    if (!this.connected) return;
    this.#state = 'down';
    this.#lastProblem = reason;
    this.log.warn({ event: 'nats_disconnected' }, 'NATS: disconnected');
    this.events.down();
  }

  #watch(connection: NatsConnection): void {
    const follow = async (): Promise<void> => {
      for await (const status of connection.status()) this.#onStatus(connection, status);
    };
    void follow();
    void connection.closed().then((error) => {
      this.#down('connection closed');
      if (this.#isOver()) return;
      this.#failed(error instanceof Error ? error : new Error('connection closed'));
      void this.#connectOn();
    });
  }

  #onStatus(connection: NatsConnection, status: Status): void {
    if (status.type === 'disconnect') {
      this.#down('disconnected');
      // The client times its tries by the wall clock: one that was set back would keep it waiting for as long.
      clearTimeout(this.#giveUp);
      this.#giveUp = setTimeout(() => void connection.close(), GIVE_UP_MS).unref();
    }
    if (status.type === 'error') this.#warn('nats_error', status.error);
    else if (status.type === 'reconnect' && !this.#isOver()) {
      try {
        this.#up(connection);
      } catch (error) {
        this.#failed(error);
        // Another server of the list may do better.
        setTimeout(() => void connection.reconnect().catch(() => undefined), FIRST_CONNECT_MS).unref();
      }
    }
  }

  #listen(subject: string, callback: (message: Msg) => void): void {
    const isOf = subjectFilter(subject);
    // What is thrown into the client's reader would end it, and with it every subscription.
    const safe = (message: Msg): void => {
      if (!isOf(message.subject)) return;
      try {
        callback(message);
      } catch (error) {
        this.#warn('nats_message', error);
      }
    };
    this.#subscriptions.push({ subject, callback: safe });
    if (this.#connection) this.#subscribeNow(subject, safe);
  }

  #subscribeNow(subject: string, callback: (message: Msg) => void): void {
    this.#connection?.subscribe(subject, {
      callback: (error, message) => {
        if (error) this.#warn('nats_subscription', error);
        else callback(message);
      },
    });
  }

  #warn(event: string, error: unknown): void {
    const message = redact(error instanceof Error ? error.message : String(error));
    this.log.warn({ event }, `NATS: ${message}`);
  }
}
