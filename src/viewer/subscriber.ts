import type { CameraStatus } from '../shared/camera-state.js';
import type { Clock } from '../shared/clock.js';
import { closeReason } from '../shared/close-reason.js';
import { CameraError, REFUSALS, type RefusalCode, type ServiceError } from '../shared/errors.js';
import type { Metrics } from '../telemetry/metrics.js';
import { FrameRateLimit } from '../shared/frame-rate-limit.js';
import type { Channel, Frame, FrameSink } from '../camera/publisher.js';
import type { SocketSession, ViewerSocket } from './socket-session.js';
import { stateEvent } from './viewer-events.js';
import { type PaceTimes, ViewerPace } from './viewer-pace.js';

export interface SubscriberOptions {
  readonly camera: string;
  /** Most frames a second for this viewer; `null` is all. */
  readonly fps: number | null;
  /** JSON state messages are wanted. */
  readonly events: boolean;
}

type PaceMetrics = Pick<
  Metrics,
  'viewers' | 'rejected' | 'modeChanges' | 'slowViewers' | 'framesSkipped' | 'viewerLag'
>;

/** What a socket answers when it is over its limit of unsent bytes. */
const DROPPED = 2;

/**
 * One viewer of one stream: owns its socket's life and its backpressure. Nothing queues here: a frame that cannot go out now is
 * skipped, and the next one is newer. A socket is never touched after its close.
 */
export class Subscriber implements FrameSink, SocketSession {
  readonly #pace: ViewerPace;
  readonly #gate = new FrameRateLimit();
  #channel: Channel | null = null;
  #closed = false;
  /** Sequence of the last frame that was sent here directly. */
  #sentSequence = 0;
  #lastSize = 0;
  #lastEvent = '';
  /** A frame came that could not go out yet; it counts as skipped when a newer one takes its place. */
  #waiting = false;
  #inTopic = false;
  /** The newest ping and state event that the socket dropped: behind a frame that is larger than its limit. */
  #droppedPing: string | null = null;
  #droppedEvent: string | null = null;

  constructor(
    private readonly socket: ViewerSocket,
    private readonly options: SubscriberOptions,
    times: PaceTimes,
    private readonly clock: Clock,
    private readonly metrics: PaceMetrics,
    private readonly messages: { take(now: number): boolean },
    /** Called once when the viewer is gone, for whatever reason. */
    private readonly onGone: () => void,
  ) {
    this.#pace = new ViewerPace(times, clock.now());
    metrics.viewers.inc({ mode: 'paced' });
    // A bare ping at opening: the first sample of the smallest round trip.
    this.#ping();
  }

  /** Shows the viewer this channel from now on, beginning with its newest frame. */
  attach(channel: Channel): void {
    if (this.#closed) return;
    this.#channel = channel;
    channel.sinks.add(this);
    // The first frame does not wait for the opening ping: nothing can be queued before it.
    const { current } = channel;
    if (current && this.#gate.takes(this.options.fps, current.capturedAt)) this.#sendPaced(current);
  }

  /** Offered each new frame while the viewer is not in the topic. */
  frame(frame: Frame): void {
    if (this.#closed) return;
    this.#lastSize = frame.jpeg.byteLength;
    const { mode, ready } = this.#pace;
    if (mode === 'paced' && !ready) {
      if (this.#waiting) this.metrics.framesSkipped.inc();
      this.#waiting = true;
    } else if (!this.#gate.takes(this.options.fps, frame.capturedAt)) return;
    else if (mode === 'paced') this.#sendPaced(frame);
    else this.#send(frame);
  }

  state(status: CameraStatus): void {
    if (this.#closed || !this.options.events) return;
    const text = stateEvent(this.options.camera, status);
    if (text === this.#lastEvent) return;
    this.#lastEvent = text;
    this.#sendEvent(text);
  }

  /** Text is ignored, within a rate: some clients send keep-alives of their own. */
  message(): void {
    if (this.messages.take(this.clock.now())) return;
    if (!this.#closed) this.metrics.rejected.inc({ reason: 'too_many_messages' });
    this.refuse('too_many_messages', 'too many messages');
  }

  drain(): void {
    if (this.#closed) return;
    if (this.#droppedEvent !== null) this.#sendEvent(this.#droppedEvent);
    if (this.#droppedPing !== null) this.#sendPing(this.#droppedPing);
  }

  pong(payload: string): void {
    if (this.#closed) return;
    const before = this.#pace.mode;
    const lag = this.#pace.ponged(Number(payload), this.clock.now());
    if (lag === null) return;
    this.metrics.viewerLag.observe(lag / 1000);
    this.#noteMode(before);
    if (this.#pace.probeDue(this.clock.now())) {
      this.#ping();
      return;
    }
    const latest = this.#channel?.latest;
    // What came while the last frame was on its way: only the newest of it.
    if (this.#pace.ready && latest && latest.sequence > this.#sentSequence) this.frame(latest);
  }

  /** To be called at a steady beat. */
  beat(): void {
    if (this.#closed) return;
    const before = this.#pace.mode;
    const frames = this.#lastSize === 0 ? 0 : this.socket.getBufferedAmount() / this.#lastSize;
    const { ping, expired } = this.#pace.beat(this.clock.now(), frames);
    if (expired) {
      this.metrics.slowViewers.inc();
      this.refuse('too_slow', 'viewer too slow for too long: lower the size, quality or fps');
      return;
    }
    this.#noteMode(before);
    if (ping) this.#ping();
  }

  refuse(code: RefusalCode, message: string): void {
    this.#end(REFUSALS[code].close, message);
  }

  fail(error: ServiceError): void {
    this.#end(
      error.close,
      error instanceof CameraError ? `${this.options.camera}: ${error.message}` : error.message,
    );
  }

  /** The socket is closed (from either side): it must not be used any more. */
  closed(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#channel?.sinks.delete(this);
    this.metrics.viewers.dec({ mode: this.#pace.mode });
    this.onGone();
  }

  #end(code: number, reason: string): void {
    // uWebSockets.js calls back `closed` from within `end`.
    if (!this.#closed) this.socket.end(code, closeReason(reason));
  }

  #ping(behindFrame = false): void {
    this.#sendPing(String(this.#pace.pinged(this.clock.now(), behindFrame)));
  }

  /** Without its pong a paced viewer would get no other frame: a ping that was dropped goes out when there is room again. */
  #sendPing(number: string): void {
    this.#droppedPing = this.socket.ping(number) === DROPPED ? number : null;
  }

  #sendEvent(text: string): void {
    this.#droppedEvent = this.socket.send(text, false) === DROPPED ? text : null;
  }

  #send(frame: Frame): void {
    this.#sentSequence = frame.sequence;
    this.#waiting = false;
    this.socket.send(frame.jpeg, true);
  }

  #sendPaced(frame: Frame): void {
    this.socket.cork(() => {
      this.#send(frame);
      this.#ping(true);
    });
  }

  #noteMode(before: 'paced' | 'streaming'): void {
    const { mode } = this.#pace;
    if (mode === before || !this.#channel) return;
    this.metrics.viewers.dec({ mode: before });
    this.metrics.viewers.inc({ mode });
    this.metrics.modeChanges.inc({ to: mode });
    if (mode === 'streaming') this.#join(this.#channel);
    else this.#leave(this.#channel);
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
    this.#lastSize = channel.latest?.jpeg.byteLength ?? this.#lastSize;
    channel.sinks.add(this);
  }
}
