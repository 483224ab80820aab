import { epochMs } from '../shared/clock.js';
import { RefusedError } from '../shared/errors.js';
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

/** A new viewer of a live stream is not shown an older frame than this, ms: the next frame comes sooner. */
const FRESH_MS = 1000;

/** A receiver of single frames, for viewers who do not read the topic. */
export interface FrameSink {
  frame(frame: Frame): void;
}

/** The WebSocket server's publish: one call reaches every subscriber of the topic. */
export type TopicPublish = (topic: string, message: ArrayBuffer) => void;

/** The newest frame of one rendition, and everyone who is told of it. */
export class Channel {
  readonly sinks = new Set<FrameSink>();
  #latest: Frame | null = null;
  #isOutdated = false;
  #sequence = 0;

  constructor(
    readonly key: RenditionKey,
    /** `camera_index` for the default rendition, `camera_index@WxHqQ` for others. */
    readonly topic: string,
    private readonly publish: TopicPublish,
  ) {}

  /** The newest frame, however old. */
  get latest(): Frame | null {
    return this.#latest;
  }

  /** The newest frame, if it may be shown as the camera's present. */
  get current(): Frame | null {
    return this.#isOutdated ? null : this.#latest;
  }

  /**
   * A viewer comes after a time without any: a frame from before is no picture of now. With a viewer there is no such pause: then an
   * old frame is that of a slow camera.
   * @param isLive whether a new frame is near; otherwise the old one is the best there is
   */
  resume(isLive: boolean): void {
    this.#isOutdated = isLive && this.#latest !== null && epochMs() - this.#latest.capturedAt > FRESH_MS;
  }

  deliver(message: FrameMessage): Frame {
    const frame: Frame = {
      jpeg: message.jpeg,
      capturedAt: message.capturedAt,
      sequence: ++this.#sequence,
    };
    this.#latest = frame;
    this.#isOutdated = false;
    this.publish(this.topic, message.jpeg);
    for (const sink of this.sinks) sink.frame(frame);
    return frame;
  }
}

/** Renditions of one camera that are encoded at a time besides its default one: each costs the worker an encoding of every frame. */
export const MAX_EXTRA_RENDITIONS = 8;

/** The channels of one camera. A channel lives as long as a seat holds it, and the last ones until the next viewer comes. */
export class Publisher {
  readonly #channels = new Map<RenditionKey, { readonly channel: Channel; holders: number }>();
  /** Seats at all channels. */
  #holders = 0;

  constructor(
    private readonly camera: string,
    private readonly defaultKey: RenditionKey,
    private readonly publish: TopicPublish,
  ) {}

  /**
   * Takes a channel for a new viewer.
   * @param isLive whether a new frame is near
   * @throws RefusedError `too_many_renditions`; never for the default rendition
   */
  hold(key: RenditionKey, isLive: boolean): Channel {
    if (this.#holders === 0) this.#keepOnly(key);
    const held = this.#channels.get(key) ?? this.#add(key);
    if (held.holders === 0) held.channel.resume(isLive);
    held.holders++;
    this.#holders++;
    return held.channel;
  }

  /** Gives a held channel back, once for each hold. */
  release({ key }: Channel): void {
    const held = this.#channels.get(key);
    if (!held) return;
    held.holders--;
    this.#holders--;
    if (held.holders === 0 && this.#holders > 0) this.#channels.delete(key);
  }

  /** @returns the frame, or `null` when no viewer wants that rendition any more */
  deliver(message: FrameMessage): Frame | null {
    return this.#channels.get(message.key)?.channel.deliver(message) ?? null;
  }

  #add(key: RenditionKey): { readonly channel: Channel; holders: number } {
    const isDefault = key === this.defaultKey;
    const extra = this.#channels.size - (this.#channels.has(this.defaultKey) ? 1 : 0);
    if (!isDefault && extra >= MAX_EXTRA_RENDITIONS)
      throw new RefusedError(
        'too_many_renditions',
        `${this.camera} is sent in ${extra} other sizes and qualities already: leave width, height and quality out`,
      );
    const topic = isDefault ? this.camera : `${this.camera}@${key}`;
    const held = { channel: new Channel(key, topic, this.publish), holders: 0 };
    this.#channels.set(key, held);
    return held;
  }

  /** Forgets channels that the last viewers left behind. */
  #keepOnly(key: RenditionKey): void {
    for (const other of this.#channels.keys()) if (other !== key) this.#channels.delete(other);
  }
}
