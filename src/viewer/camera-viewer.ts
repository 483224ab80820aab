import type { CameraStatus } from '../shared/camera-state.js';
import type { Clock } from '../shared/clock.js';
import { closeReason } from '../shared/close-reason.js';
import { CameraError, REFUSALS, type RefusalCode, type ServiceError } from '../shared/errors.js';
import type { Metrics } from '../telemetry/metrics.js';
import type { SocketSession, ViewerSocket } from './socket-session.js';
import { stateEvent } from './viewer-events.js';
import { type PaceMode, type PaceTimes, ViewerPace } from './viewer-pace.js';

export interface ViewerOptions {
  readonly camera: string;
  /** JSON messages are wanted. */
  readonly events: boolean;
}

/** What a viewer works with, whatever form its frames have. */
export interface ViewerParts {
  readonly socket: ViewerSocket;
  readonly times: PaceTimes;
  readonly clock: Clock;
  readonly metrics: Metrics;
  readonly messages: { take(now: number): boolean };
  /** Called once when the viewer is gone, for whatever reason. */
  readonly onGone: () => void;
}

/** What a socket answers when it is over its limit of unsent bytes. */
const DROPPED = 2;

/**
 * One viewer of one camera: its socket's life, its state events, and the pings that tell its lag. What it is shown is its subclass's
 * matter. A socket is never touched after its close.
 */
export abstract class CameraViewer<O extends ViewerOptions> implements SocketSession {
  protected readonly socket: ViewerSocket;
  protected readonly clock: Clock;
  protected readonly metrics: Metrics;
  protected readonly pace: ViewerPace;
  /** Bytes of a usual frame; 0 before the first. */
  protected frameBytes = 0;
  #isClosed = false;
  #lastEvent = '';
  /** The newest ping and event that the socket dropped: behind a frame that is larger than its limit. */
  #droppedPing: string | null = null;
  #droppedEvent: string | null = null;

  constructor(
    private readonly parts: ViewerParts,
    protected readonly options: O,
    mode: PaceMode,
  ) {
    this.socket = parts.socket;
    this.clock = parts.clock;
    this.metrics = parts.metrics;
    this.pace = new ViewerPace(parts.times, parts.clock.now(), mode);
    this.metrics.viewers.inc({ mode: this.countedAs() });
    // A bare ping at opening: the first sample of the smallest round trip.
    this.ping();
  }

  /** The mode under which metrics count the viewer. Called before the subclass has its fields. */
  protected abstract countedAs(): string;
  /** What somebody can do who is too slow. */
  protected abstract readonly slowHint: string;
  protected abstract modeChanged(before: PaceMode): void;
  /** A pong came. */
  protected abstract answered(): void;
  /** The viewer is gone: leaves its channel. */
  protected abstract left(): void;

  protected get isClosed(): boolean {
    return this.#isClosed;
  }

  state(status: CameraStatus): void {
    if (this.#isClosed || !this.options.events) return;
    const text = stateEvent(this.options.camera, status);
    if (text === this.#lastEvent) return;
    this.#lastEvent = text;
    this.#sendEvent(text);
  }

  /** Text is ignored, within a rate: some clients send keep-alives of their own. */
  message(): void {
    if (!this.parts.messages.take(this.clock.now())) this.reject('too_many_messages', 'too many messages');
  }

  drain(): void {
    if (this.#isClosed) return;
    if (this.#droppedEvent !== null) this.#sendEvent(this.#droppedEvent);
    if (this.#droppedPing !== null) this.#sendPing(this.#droppedPing);
  }

  pong(payload: string): void {
    if (this.#isClosed) return;
    const before = this.pace.mode;
    const lag = this.pace.ponged(Number(payload), this.clock.now());
    if (lag === null) return;
    this.metrics.viewerLag.observe(lag / 1000);
    if (this.pace.mode !== before) this.modeChanged(before);
    this.answered();
  }

  /** To be called at a steady beat. */
  beat(): void {
    if (this.#isClosed) return;
    const before = this.pace.mode;
    const frames = this.frameBytes === 0 ? 0 : this.socket.getBufferedAmount() / this.frameBytes;
    const { ping, expired } = this.pace.beat(this.clock.now(), frames);
    if (expired) {
      this.metrics.slowViewers.inc();
      this.refuse('too_slow', `viewer too slow for too long: ${this.slowHint}`);
      return;
    }
    if (this.pace.mode !== before) this.modeChanged(before);
    if (ping) this.ping();
  }

  refuse(code: RefusalCode, message: string): void {
    this.#end(REFUSALS[code].close, message);
  }

  fail(error: ServiceError): void {
    const { camera } = this.options;
    this.#end(error.close, error instanceof CameraError ? `${camera}: ${error.message}` : error.message);
  }

  /** The socket is closed (from either side): it must not be used any more. */
  closed(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.left();
    this.metrics.viewers.dec({ mode: this.countedAs() });
    this.parts.onGone();
  }

  /** Refuses what the client did or asked for; metrics count it. */
  protected reject(code: RefusalCode, message: string): void {
    if (!this.#isClosed) this.metrics.rejected.inc({ reason: code });
    this.refuse(code, message);
  }

  /** @returns false if the socket is over its limit of unsent bytes and dropped it */
  protected send(message: ArrayBuffer | string): boolean {
    return this.socket.send(message, typeof message !== 'string') !== DROPPED;
  }

  protected ping(behindFrame = false): void {
    this.#sendPing(String(this.pace.pinged(this.clock.now(), behindFrame)));
  }

  #end(code: number, reason: string): void {
    // uWebSockets.js calls back `closed` from within `end`.
    if (!this.#isClosed) this.socket.end(code, closeReason(reason));
  }

  /** Without its pong the viewer would never have caught up: a ping that was dropped goes out when there is room again. */
  #sendPing(number: string): void {
    this.#droppedPing = this.socket.ping(number) === DROPPED ? number : null;
  }

  #sendEvent(text: string): void {
    this.#droppedEvent = this.send(text) ? null : text;
  }
}
