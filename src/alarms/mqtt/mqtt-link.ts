import { randomBytes } from 'node:crypto';
import { connect, type IClientOptions, type MqttClient } from 'mqtt';
import type { MqttUrl } from '../../config/alarm-settings.js';
import type { Clock } from '../../shared/clock.js';
import type { Log } from '../../telemetry/log.js';
import type { AlarmMetrics } from '../alarm-metrics.js';
import { pauseAfter } from '../backoff.js';

export interface MqttSettings {
  readonly url: MqttUrl;
  readonly user: string;
  readonly password: string;
  /** PEM; `null`: Node's own authorities, and no certificate of this side. Only with TLS. */
  readonly ca: Buffer | null;
  readonly cert: Buffer | null;
  readonly key: Buffer | null;
  /** Topic of the availability, retained: `online`, and `offline` as the last will. */
  readonly statusTopic: string;
}

/** What a connection can do while it is up. */
export interface Connection {
  /** Bytes that the kernel has not taken yet. */
  readonly waitingBytes: number;
  subscribe(topic: string): void;
  unsubscribe(topic: string): void;
  /** Resolves when the broker has it; rejects when the connection ends before. */
  publish(topic: string, payload: string): Promise<void>;
  /** Without an answer and not retained: for what is soon replaced. */
  publishOnce(topic: string, payload: Uint8Array): void;
  /** The broker does not answer any more. */
  abandon(reason: string): void;
}

export interface LinkEvents {
  up(connection: Connection): void;
  down(): void;
  message(topic: string, payload: Buffer, retained: boolean): void;
}

export interface LinkDeps {
  readonly clock: Clock;
  readonly random: () => number;
  readonly metrics: AlarmMetrics;
  readonly log: Log;
}

const RETRY = { minMs: 1000, maxMs: 60_000 };
const CONNECT_TIMEOUT_MS = 10_000;
const KEEP_ALIVE_S = 20;
/** The broker has nothing so large for this service; more of one message is not taken. */
const MAX_MESSAGE_BYTES = 256 * 1024;
/** An orderly end waits so long for the broker. */
const END_MS = 1000;

type Phase =
  | { readonly phase: 'connecting' | 'up'; readonly client: MqttClient }
  | { readonly phase: 'waiting'; readonly cancel: () => void }
  | { readonly phase: 'closed' };

/**
 * The connection to the broker, made again and again. Each try is a client of its own: nothing that a dead connection had queued comes
 * after its time, what is true is published anew. The client's own reconnects would repeat it.
 */
export class MqttLink {
  #phase: Phase = { phase: 'closed' };
  #failures = 0;

  constructor(
    private readonly settings: MqttSettings,
    private readonly events: LinkEvents,
    private readonly deps: LinkDeps,
  ) {
    deps.metrics.connected.set(0);
  }

  start(): void {
    const client = connect(optionsOf(this.settings));
    this.#phase = { phase: 'connecting', client };
    let why = 'connection closed';
    boundMessages(client, () => {
      why = `a message of more than ${MAX_MESSAGE_BYTES} bytes`;
      client.end(true);
    });
    client.on('error', (error) => {
      why = 'code' in error && typeof error.code === 'string' ? error.code : error.message;
      client.end(true);
    });
    client.on('connect', () => {
      if (this.#isCurrent(client)) this.#up(client);
    });
    client.on('message', (topic, payload, { retain }) => {
      if (this.#phase.phase === 'up' && this.#isCurrent(client)) this.events.message(topic, payload, retain);
    });
    client.on('close', () => {
      if (this.#isCurrent(client)) this.#down(client, why);
    });
  }

  async close(): Promise<void> {
    const before = this.#phase;
    this.#phase = { phase: 'closed' };
    this.deps.metrics.connected.set(0);
    if (before.phase === 'waiting') before.cancel();
    if (!('client' in before)) return;
    const { client } = before;
    if (before.phase === 'up') await this.#sayOffline(client);
    client.end(true);
  }

  /** The last will is for ends without a word. */
  #sayOffline(client: MqttClient): Promise<void> {
    return new Promise((resolve) => {
      const cancel = this.deps.clock.after(END_MS, resolve);
      client.publish(this.settings.statusTopic, 'offline', { qos: 1, retain: true }, () => {
        client.end(false, () => {
          cancel();
          resolve();
        });
      });
    });
  }

  #isCurrent(client: MqttClient): boolean {
    return 'client' in this.#phase && this.#phase.client === client;
  }

  #up(client: MqttClient): void {
    this.#phase = { phase: 'up', client };
    this.#failures = 0;
    this.deps.metrics.connected.set(1);
    const { host, port } = this.settings.url;
    this.deps.log.info({ event: 'mqtt_connected', host, port }, `MQTT broker ${host}:${port} is connected`);
    this.events.up(connectionOf(client));
  }

  #down(client: MqttClient, why: string): void {
    const wasUp = this.#phase.phase === 'up';
    client.end(true);
    this.#failures++;
    this.deps.metrics.connected.set(0);
    this.deps.metrics.failed.inc({ receiver: 'mqtt', reason: 'connection' });
    const { host, port } = this.settings.url;
    if (wasUp || this.#failures === 1)
      this.deps.log.warn(
        { event: 'mqtt_lost', host, port, reason: why },
        `MQTT broker ${host}:${port} is not there: ${why}; it is tried again`,
      );
    const pause = pauseAfter(this.#failures, RETRY, this.deps.random());
    const cancel = this.deps.clock.after(pause, () => {
      this.start();
    });
    this.#phase = { phase: 'waiting', cancel };
    if (wasUp) this.events.down();
  }
}

const optionsOf = ({ url, user, password, ca, cert, key, statusTopic }: MqttSettings): IClientOptions => ({
  protocol: url.tls ? 'mqtts' : 'mqtt',
  host: url.host,
  port: url.port,
  ...(user === '' ? {} : { username: user, password }),
  ...(ca ? { ca } : {}),
  ...(cert && key ? { cert, key } : {}),
  // A new one each time: a broker closes a connection when another comes with its name. 3.1.1 grants 23 characters.
  clientId: `rtsp-ws-${randomBytes(6).toString('hex')}`,
  protocolVersion: 4,
  clean: true,
  keepalive: KEEP_ALIVE_S,
  connectTimeout: CONNECT_TIMEOUT_MS,
  reconnectPeriod: 0,
  queueQoSZero: false,
  timerVariant: 'native',
  will: { topic: statusTopic, payload: Buffer.from('offline'), qos: 1, retain: true },
});

function connectionOf(client: MqttClient): Connection {
  return {
    get waitingBytes() {
      return client.stream.writableLength;
    },
    subscribe: (topic) => {
      client.subscribe(topic, () => undefined);
    },
    unsubscribe: (topic) => {
      client.unsubscribe(topic, () => undefined);
    },
    publish: async (topic, payload) => {
      await client.publishAsync(topic, payload, { qos: 1, retain: true });
    },
    publishOnce: (topic, payload) => {
      client.publish(topic, Buffer.from(payload), { qos: 0 }, () => undefined);
    },
    abandon: (reason) => {
      client.emit('error', new Error(reason));
    },
  };
}

/** The client itself would collect a message of 256 MB. */
function boundMessages(client: MqttClient, tooLong: () => void): void {
  let pending = 0;
  client.on('packetreceive', () => {
    pending = 0;
  });
  client.stream.on('data', (bytes: Buffer) => {
    pending += bytes.length;
    if (pending > MAX_MESSAGE_BYTES) tooLong();
  });
}
