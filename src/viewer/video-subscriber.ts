import type { VideoChannel, VideoGap, VideoSink, VideoUnit } from '../camera/video-channel.js';
import type { CameraStatus } from '../shared/camera-state.js';
import type { Clock } from '../shared/clock.js';
import { closeReason } from '../shared/close-reason.js';
import { CameraError, REFUSALS, type RefusalCode, type ServiceError } from '../shared/errors.js';
import type { PassedFormat } from '../shared/worker-protocol.js';
import type { Metrics } from '../telemetry/metrics.js';
import type { SocketSession, ViewerSocket } from './socket-session.js';
import { stateEvent, videoEvent } from './viewer-events.js';
import { type PaceTimes, ViewerPace } from './viewer-pace.js';

export interface VideoSubscriberOptions {
  readonly camera: string;
  readonly codec: PassedFormat['codec'];
  /** JSON messages are wanted. */
  readonly events: boolean;
}

type VideoMetrics = Pick<
  Metrics,
  'viewers' | 'rejected' | 'slowViewers' | 'unitsSent' | 'unitsSkipped' | 'videoBytes' | 'viewerLag'
>;

type State =
  /** The next key unit begins: nothing was sent yet, or the viewer was too slow for what came. */
  | 'awaiting_key'
  /** A key unit was sent last: leading ones behind it need units that were not. */
  | 'begun'
  | 'flowing';

/** What a socket answers when it is over its limit of unsent bytes. */
const DROPPED = 2;

/**
 * One viewer of one camera's video as it comes. Its lag is that of pings, as with JPEG; one that is behind gets nothing up to the next
 * key unit at which it has caught up. Nothing queues here, and a socket is never touched after its close.
 */
export class VideoSubscriber implements VideoSink, SocketSession {
  readonly #pace: ViewerPace;
  #state: State = 'awaiting_key';
  #channel: VideoChannel | null = null;
  #format: PassedFormat | null = null;
  #closed = false;
  /** Bytes of the newest key unit: what is usually the largest. */
  #largest = 0;
  #lastEvent = '';
  /** The newest ping and state event that the socket dropped. */
  #droppedPing: string | null = null;
  #droppedEvent: string | null = null;

  constructor(
    private readonly socket: ViewerSocket,
    private readonly options: VideoSubscriberOptions,
    times: PaceTimes,
    private readonly clock: Clock,
    private readonly metrics: VideoMetrics,
    private readonly messages: { take(now: number): boolean },
    /** Called once when the viewer is gone, for whatever reason. */
    private readonly onGone: () => void,
  ) {
    this.#pace = new ViewerPace(times, clock.now(), 'streaming');
    metrics.viewers.inc({ mode: 'video' });
    this.#ping();
  }

  /** Gives the viewer the units since the last key unit, and all that follow. */
  attach(channel: VideoChannel): void {
    if (this.#closed) return;
    this.#channel = channel;
    channel.sinks.add(this);
    if (channel.gap) this.unavailable(channel.gap);
    for (const unit of channel.backlog) this.unit(unit);
  }

  unit(unit: VideoUnit): void {
    if (this.#closed) return;
    const { codec } = unit.format;
    if (codec !== this.options.codec) {
      this.refuse('codec_mismatch', `the camera sends ${codec}: ask for codec=${codec}`);
      return;
    }
    if (!this.#takes(unit)) {
      this.metrics.unitsSkipped.inc();
      return;
    }
    if (unit.format !== this.#format) this.#tellFormat(unit.format);
    if (unit.kind === 'key') this.#largest = unit.data.byteLength;
    if (this.socket.send(unit.data, true) === DROPPED) {
      this.#state = 'awaiting_key';
      this.#format = null;
      this.metrics.unitsSkipped.inc();
      return;
    }
    this.metrics.unitsSent.inc();
    this.metrics.videoBytes.inc(unit.data.byteLength);
  }

  unavailable(gap: VideoGap): void {
    this.refuse('codec_mismatch', `the camera sends ${gap}, which is shown as JPEG alone: leave codec out`);
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
    this.refuse('too_many_messages', 'too many messages');
  }

  drain(): void {
    if (this.#closed) return;
    if (this.#droppedEvent !== null) this.#sendEvent(this.#droppedEvent);
    if (this.#droppedPing !== null) this.#sendPing(this.#droppedPing);
  }

  pong(payload: string): void {
    if (this.#closed) return;
    const lag = this.#pace.ponged(Number(payload), this.clock.now());
    if (lag !== null) this.metrics.viewerLag.observe(lag / 1000);
  }

  /** To be called at a steady beat. */
  beat(): void {
    if (this.#closed) return;
    const units = this.#largest === 0 ? 0 : this.socket.getBufferedAmount() / this.#largest;
    const { ping, expired } = this.#pace.beat(this.clock.now(), units);
    if (expired) {
      this.metrics.slowViewers.inc();
      this.refuse('too_slow', 'viewer too slow for too long: ask for JPEG, or for a smaller stream');
      return;
    }
    if (this.#pace.mode === 'paced') this.#state = 'awaiting_key';
    if (ping) this.#ping();
  }

  refuse(code: RefusalCode, message: string): void {
    if (!this.#closed) this.metrics.rejected.inc({ reason: code });
    this.#end(REFUSALS[code].close, message);
  }

  fail(error: ServiceError): void {
    const { camera } = this.options;
    this.#end(error.close, error instanceof CameraError ? `${camera}: ${error.message}` : error.message);
  }

  /** The socket is closed (from either side): it must not be used any more. */
  closed(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#channel?.sinks.delete(this);
    this.metrics.viewers.dec({ mode: 'video' });
    this.onGone();
  }

  #takes({ kind, isLeading }: VideoUnit): boolean {
    if (kind === 'key' && this.#state === 'awaiting_key') {
      // One that was behind has taken all that it was sent.
      if (this.#pace.mode === 'paced' && !this.#pace.ready) return false;
      this.#pace.stream();
      this.#state = 'begun';
      return true;
    }
    if (this.#state === 'awaiting_key' || (this.#state === 'begun' && isLeading)) return false;
    this.#state = 'flowing';
    return true;
  }

  #tellFormat(format: PassedFormat): void {
    this.#format = format;
    if (this.options.events) this.socket.send(videoEvent(this.options.camera, format), false);
  }

  #end(code: number, reason: string): void {
    // uWebSockets.js calls back `closed` from within `end`.
    if (!this.#closed) this.socket.end(code, closeReason(reason));
  }

  #ping(): void {
    this.#sendPing(String(this.#pace.pinged(this.clock.now(), false)));
  }

  /** Without its pong the viewer would never have caught up: a ping that was dropped goes out when there is room again. */
  #sendPing(number: string): void {
    this.#droppedPing = this.socket.ping(number) === DROPPED ? number : null;
  }

  #sendEvent(text: string): void {
    this.#droppedEvent = this.socket.send(text, false) === DROPPED ? text : null;
  }
}
