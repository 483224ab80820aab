import type { Clock } from '../../shared/clock.js';
import type { Alarm, AlarmNews, AlarmSink } from '../news/alarm.js';
import type { AlarmMetrics } from '../alarm-metrics.js';
import { announcedTopics, announcements, birthTopic, type Discovery } from './home-assistant.js';
import { type Connection, type LinkDeps, MqttLink, type MqttSettings } from './mqtt-link.js';
import { MqttOutbox } from './mqtt-outbox.js';
import { statePayload, type Topics } from './mqtt-topics.js';
import type { Pictures } from './pictures.js';

export interface MqttSinkOptions {
  readonly settings: MqttSettings;
  readonly topics: Topics;
  /** `null`: nothing is announced. */
  readonly discovery: Discovery | null;
  /**
   * How long after connecting retained states of unknown cameras are taken for left over, ms: in a cluster other nodes first have to
   * tell which cameras they have.
   */
  readonly sweepAfterMs: number;
}

export interface MqttSinkDeps extends LinkDeps {
  readonly clock: Clock;
  readonly metrics: AlarmMetrics;
  /** `null`: no pictures are published. */
  readonly pictures: Pictures | null;
}

/** Names of an earlier configuration that are cleared at a connection. */
const MAX_LEFT_OVER = 1000;
/** Home Assistant starts in steps, and many services answer its first word: the announcement waits so long, at random up to twice. */
const ANNOUNCE_AFTER_MS = 1000;

const RECEIVER = { receiver: 'mqtt' };

/** Tells an MQTT broker the state of each camera, retained, and Home Assistant what to make of it. */
export class MqttSink implements AlarmSink {
  readonly #link: MqttLink;
  #connection: { readonly outbox: MqttOutbox; readonly cancelSweep: () => void; online: boolean } | null =
    null;
  #present: ReadonlyMap<string, Alarm> = new Map();
  /** `null`: the cameras were not looked at yet. */
  #configured: ReadonlySet<string> | null = null;
  /** What this node told of each camera, over this connection. */
  readonly #told = new Map<string, { readonly title: string; readonly payload: string }>();
  readonly #leftOver = new Set<string>();
  #cancelAnnounce: (() => void) | null = null;

  constructor(
    private readonly options: MqttSinkOptions,
    private readonly deps: MqttSinkDeps,
  ) {
    this.#link = new MqttLink(
      options.settings,
      {
        up: (connection) => {
          this.#up(connection);
        },
        down: () => {
          this.#down();
        },
        message: (topic, payload, retained) => {
          this.#message(topic, payload, retained);
        },
      },
      deps,
    );
    deps.metrics.sent.inc(RECEIVER, 0);
    deps.metrics.queue.set(RECEIVER, 0);
    this.#link.start();
  }

  told({ present, configured, removed }: AlarmNews): void {
    this.#present = present;
    this.#configured = configured;
    if (!this.#connection) return;
    for (const alarm of present.values()) this.#tell(alarm);
    for (const camera of removed) if (this.#told.delete(camera)) this.#clear(camera);
    this.#sayOnline();
    this.deps.metrics.queue.set(RECEIVER, this.#connection.outbox.size);
  }

  async close(): Promise<void> {
    this.#down();
    await this.#link.close();
  }

  #up(connection: Connection): void {
    const { clock, metrics, pictures } = this.deps;
    const { topics, discovery, sweepAfterMs } = this.options;
    const outbox = new MqttOutbox(connection, clock, {
      sent: () => metrics.sent.inc(RECEIVER),
      replaced: () => metrics.dropped.inc(RECEIVER),
    });
    const cancelSweep = clock.after(sweepAfterMs, () => {
      connection.unsubscribe(topics.allStates);
      this.#sweep();
    });
    this.#connection = { outbox, cancelSweep, online: false };
    for (const alarm of this.#present.values()) this.#tell(alarm);
    this.#sayOnline();
    connection.subscribe(topics.allStates);
    if (discovery) connection.subscribe(birthTopic(discovery));
    pictures?.start(connection);
  }

  /** Not before the first states are told: those that are retained are of an earlier service, and may be true no more. */
  #sayOnline(): void {
    const connection = this.#connection;
    const isTold = this.#present.size > 0 || this.#configured?.size === 0;
    if (!connection || connection.online || !isTold) return;
    connection.online = true;
    connection.outbox.put(this.options.settings.statusTopic, 'online');
  }

  #down(): void {
    this.deps.pictures?.stop();
    this.#connection?.outbox.close();
    this.#connection?.cancelSweep();
    this.#cancelAnnounce?.();
    this.#cancelAnnounce = null;
    this.#connection = null;
    this.#told.clear();
    this.#leftOver.clear();
    this.deps.metrics.queue.set(RECEIVER, 0);
  }

  #message(topic: string, payload: Buffer, retained: boolean): void {
    const { topics, discovery } = this.options;
    if (discovery && topic === birthTopic(discovery)) {
      if (payload.toString('latin1', 0, 16) === 'online') this.#announceLater();
      return;
    }
    const camera = topics.cameraOf(topic);
    if (camera !== null && retained && payload.length > 0 && this.#leftOver.size < MAX_LEFT_OVER)
      this.#leftOver.add(camera);
  }

  /** Says what has changed of a camera; everything at the first time. */
  #tell(alarm: Alarm): void {
    const { camera, title, own } = alarm;
    const before = this.#told.get(camera);
    if (!own) {
      // Another node has announced it since, as its own.
      if (before) this.#told.delete(camera);
      return;
    }
    const payload = statePayload(alarm);
    if (before?.payload === payload && before.title === title) return;
    const { outbox } = this.#connection ?? {};
    if (before?.title !== title) this.#announce(alarm);
    outbox?.put(this.options.topics.state(camera), payload);
    this.#told.set(camera, { title, payload });
  }

  #announce(alarm: Alarm): void {
    const { discovery } = this.options;
    if (!discovery) return;
    for (const { topic, payload } of announcements(discovery, alarm))
      this.#connection?.outbox.put(topic, payload);
  }

  #announceLater(): void {
    const wait = ANNOUNCE_AFTER_MS * (1 + this.deps.random());
    this.#cancelAnnounce ??= this.deps.clock.after(wait, () => {
      this.#cancelAnnounce = null;
      this.#told.clear();
      for (const alarm of this.#present.values()) this.#tell(alarm);
    });
  }

  /** Cameras that were taken out of the configuration while this service was off. */
  #sweep(): void {
    for (const camera of this.#leftOver) if (this.#configured?.has(camera) === false) this.#clear(camera);
    this.#leftOver.clear();
  }

  /** An empty retained message is how a broker forgets one. */
  #clear(camera: string): void {
    const { topics, discovery } = this.options;
    const announced = discovery ? announcedTopics(discovery, camera) : [];
    for (const topic of [...announced, topics.state(camera)]) this.#connection?.outbox.put(topic, '');
  }
}
