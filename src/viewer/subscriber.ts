import type { Channel, Frame, FrameSink } from '../camera/publisher.js';
import { FrameRateLimit } from '../shared/frame-rate-limit.js';
import { CameraViewer, type ViewerOptions, type ViewerParts } from './camera-viewer.js';
import type { PaceMode } from './viewer-pace.js';

export interface SubscriberOptions extends ViewerOptions {
  /** Most frames a second for this viewer; `null` is all. */
  readonly fps: number | null;
}

/**
 * One viewer of one camera's JPEGs: their backpressure. Nothing queues here: a frame that cannot go out now is skipped, and the next
 * one is newer.
 */
export class Subscriber extends CameraViewer<SubscriberOptions> implements FrameSink {
  protected readonly slowHint = 'lower the size, quality or fps';
  readonly #gate = new FrameRateLimit();
  #channel: Channel | null = null;
  /** Sequence of the last frame that was sent here directly. */
  #sentSequence = 0;
  /** A frame came that could not go out yet; it counts as skipped when a newer one takes its place. */
  #waiting = false;
  #inTopic = false;

  constructor(parts: ViewerParts, options: SubscriberOptions) {
    super(parts, options, 'paced');
  }

  /** Shows the viewer this channel from now on, beginning with its newest frame. */
  attach(channel: Channel): void {
    if (this.isClosed) return;
    this.#channel = channel;
    channel.sinks.add(this);
    // The first frame does not wait for the opening ping: nothing can be queued before it.
    const { current } = channel;
    if (current && this.#gate.takes(this.options.fps, current.capturedAt)) this.#sendPaced(current);
  }

  /** Offered each new frame while the viewer is not in the topic. */
  frame(frame: Frame): void {
    if (this.isClosed) return;
    this.frameBytes = frame.jpeg.byteLength;
    const { mode, ready } = this.pace;
    if (mode === 'paced' && !ready) {
      if (this.#waiting) this.metrics.framesSkipped.inc();
      this.#waiting = true;
    } else if (!this.#gate.takes(this.options.fps, frame.capturedAt)) return;
    else if (mode === 'paced') this.#sendPaced(frame);
    else this.#send(frame);
  }

  protected countedAs(): string {
    return this.pace.mode;
  }

  protected answered(): void {
    if (this.pace.probeDue(this.clock.now())) {
      this.ping();
      return;
    }
    const latest = this.#channel?.latest;
    // What came while the last frame was on its way: only the newest of it.
    if (this.pace.ready && latest && latest.sequence > this.#sentSequence) this.frame(latest);
  }

  protected left(): void {
    this.#channel?.sinks.delete(this);
  }

  protected modeChanged(before: PaceMode): void {
    const { mode } = this.pace;
    this.metrics.viewers.dec({ mode: before });
    this.metrics.viewers.inc({ mode });
    this.metrics.modeChanges.inc({ to: mode });
    if (!this.#channel) return;
    if (mode === 'streaming') this.#join(this.#channel);
    else this.#leave(this.#channel);
  }

  #send(frame: Frame): void {
    this.#sentSequence = frame.sequence;
    this.#waiting = false;
    this.send(frame.jpeg);
  }

  #sendPaced(frame: Frame): void {
    this.socket.cork(() => {
      this.#send(frame);
      this.ping(true);
    });
  }

  /** A viewer with a frame rate of its own stays a sink: the topic carries every frame. */
  #join(channel: Channel): void {
    if (this.options.fps !== null) return;
    channel.sinks.delete(this);
    if (channel.latest && channel.latest.sequence > this.#sentSequence) this.#send(channel.latest);
    this.#inTopic = this.socket.subscribe(channel.topic);
  }

  #leave(channel: Channel): void {
    if (this.#inTopic) this.socket.unsubscribe(channel.topic);
    this.#inTopic = false;
    // What the topic gave it meanwhile is not sent again.
    this.#sentSequence = channel.latest?.sequence ?? 0;
    this.frameBytes = channel.latest?.jpeg.byteLength ?? this.frameBytes;
    channel.sinks.add(this);
  }
}
