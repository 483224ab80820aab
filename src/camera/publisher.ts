import type { FrameMessage } from '../shared/worker-protocol.js';
import type { RenditionKey } from '../shared/rendition.js';

/** A JPEG as viewers get it. The buffer is never written to again. */
export interface Frame {
  readonly jpeg: ArrayBuffer;
  /** When it came whole out of the decoder: Unix epoch, ms. */
  readonly capturedAt: number;
  /** Counts the channel's frames from 1. */
  readonly sequence: number;
}

/** A receiver of single frames, for viewers who do not read the topic. */
export interface FrameSink {
  frame(frame: Frame): void;
}

/** The WebSocket server's publish: one call reaches every subscriber of the topic. */
export type TopicPublish = (topic: string, message: ArrayBuffer) => void;

/** The newest frame of one rendition, and everyone who is told of it. */
export class Channel {
  readonly sinks = new Set<FrameSink>();
  latest: Frame | null = null;
  #sequence = 0;

  constructor(
    readonly key: RenditionKey,
    /** `camera_index` for the default rendition, `camera_index@WxHqQ` for others. */
    readonly topic: string,
    private readonly publish: TopicPublish,
  ) {}

  deliver(message: FrameMessage): Frame {
    const frame: Frame = {
      jpeg: message.jpeg,
      capturedAt: message.capturedAt,
      sequence: ++this.#sequence,
    };
    this.latest = frame;
    this.publish(this.topic, message.jpeg);
    for (const sink of this.sinks) sink.frame(frame);
    return frame;
  }
}

/** The channels of one camera. A channel lives as long as a seat holds it. */
export class Publisher {
  readonly #channels = new Map<RenditionKey, Channel>();

  constructor(
    private readonly camera: string,
    private readonly defaultKey: RenditionKey,
    private readonly publish: TopicPublish,
  ) {}

  channel(key: RenditionKey): Channel {
    let channel = this.#channels.get(key);
    if (!channel) {
      const topic = key === this.defaultKey ? this.camera : `${this.camera}@${key}`;
      channel = new Channel(key, topic, this.publish);
      this.#channels.set(key, channel);
    }
    return channel;
  }

  /** Lets go of every channel but one: those that the last viewers left behind. */
  keepOnly(key: RenditionKey): void {
    for (const other of this.#channels.keys()) if (other !== key) this.#channels.delete(other);
  }

  drop(key: RenditionKey): void {
    this.#channels.delete(key);
  }

  /** @returns the frame, or `null` when nobody wants that rendition any more */
  deliver(message: FrameMessage): Frame | null {
    return this.#channels.get(message.key)?.deliver(message) ?? null;
  }
}
