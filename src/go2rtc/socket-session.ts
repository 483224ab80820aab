import { requireCamera } from '../access/auth.js';
import type { StreamRequest } from '../camera/registry.js';
import { CameraError, RefusedError, ServiceError } from '../shared/errors.js';
import { closeReason } from '../shared/close-reason.js';
import { TokenBucket } from '../shared/token-bucket.js';
import { Undo } from '../shared/undo.js';
import type { SocketRoute, SocketSession, ViewerSocket } from '../viewer/socket-session.js';
import { Subscriber } from '../viewer/subscriber.js';
import { MAX_VIEWER_BUFFERED_BYTES, type ViewerSessionDeps } from '../viewer/viewer-session.js';
import { parseGo2rtcQuery } from './query.js';

/** A player that also tries WebRTC sends an offer of some kilobytes. */
const MAX_GO2RTC_MESSAGE_BYTES = 64 * 1024;

/** Such a player sends each of its network candidates in a message, all at once. */
const MESSAGE_BURST = 100;

/**
 * `/api/ws?src=`: go2rtc's WebSocket. The player says how it wants the stream; `{"type":"mjpeg"}` is the way there is here,
 * and players that ask for another first come to it when that is refused.
 */
export const go2rtcSocketRoute = (deps: ViewerSessionDeps): SocketRoute => ({
  path: '/api/ws',
  maxMessageBytes: MAX_GO2RTC_MESSAGE_BYTES,
  maxBufferedBytes: MAX_VIEWER_BUFFERED_BYTES,
  autoPing: false,
  slowTimeoutMs: deps.pace.slowTimeoutMs,
  judge: (facts) =>
    deps.admission.admit('watch', facts, ({ grant, parameters }) => {
      const request = parseGo2rtcQuery(parameters);
      requireCamera(grant, request.camera);
      return (socket) => new Go2rtcSession(socket, request, facts.address, deps);
    }),
});

/** Before its first message the session only holds a viewer's place; then a Subscriber sends the frames. */
class Go2rtcSession implements SocketSession {
  readonly #undo = new Undo();
  readonly #messages: TokenBucket;
  #subscriber: Subscriber | null = null;
  #closed = false;

  constructor(
    private readonly socket: ViewerSocket,
    private readonly request: StreamRequest,
    private readonly address: string,
    private readonly deps: ViewerSessionDeps,
  ) {
    this.#messages = new TokenBucket(MESSAGE_BURST, deps.messagesPerSecond);
    this.#try(() => this.#undo.add(deps.admission.enter(address)));
  }

  message(data: Uint8Array, isBinary: boolean): void {
    if (this.#closed) return;
    if (!this.#messages.take(this.deps.clock.now())) {
      this.#end(new RefusedError('too_many_messages', 'too many messages'));
      return;
    }
    const type = isBinary ? null : messageType(data);
    if (type === null || type === 'webrtc/candidate') return;
    if (type !== 'mjpeg') this.#sendError(type, 'this server has no such codec or mode: use mjpeg');
    else if (!this.#subscriber) this.#try(() => this.#play());
  }

  pong(payload: string): void {
    this.#subscriber?.pong(payload);
  }

  drain(): void {
    this.#subscriber?.drain();
  }

  closed(): void {
    this.#closed = true;
    if (this.#subscriber) this.#subscriber.closed();
    else this.#undo.run();
  }

  #play(): void {
    const { seats, viewers, pace, clock, metrics } = this.deps;
    const { camera, fps } = this.request;
    const seat = seats.of(this.address).join(this.request, {
      state: () => undefined,
      lost: (error) => this.#end(error),
    });
    this.#undo.add(() => seat.leave());
    this.socket.send(JSON.stringify({ type: 'mjpeg' }), false);
    const { socket } = this;
    const onGone = (): void => this.#undo.run();
    const subscriber = new Subscriber(
      { socket, times: pace, clock, metrics, messages: this.#messages, onGone },
      { camera, fps, events: false },
    );
    this.#subscriber = subscriber;
    viewers.add(subscriber);
    this.#undo.add(() => viewers.remove(subscriber));
    subscriber.attach(seat.channel);
  }

  #try(action: () => void): void {
    try {
      action();
    } catch (error) {
      if (!(error instanceof ServiceError)) throw error;
      this.deps.metrics.rejected.inc({ reason: error.code });
      this.#end(error);
    }
  }

  /** Players show the text, and try again when the socket is closed. */
  #end(error: ServiceError): void {
    if (this.#closed) return;
    const text = error instanceof CameraError ? `${this.request.camera}: ${error.message}` : error.message;
    this.#sendError('mjpeg', text);
    this.socket.end(error.close, closeReason(text));
  }

  #sendError(type: string, text: string): void {
    this.socket.send(JSON.stringify({ type: 'error', value: `${type}: ${text}` }), false);
  }
}

/** Longest message type that an answer repeats. */
const MAX_TYPE_LENGTH = 64;

/** The `type` of a JSON message; `null` for what is none. */
function messageType(data: Uint8Array): string | null {
  try {
    const message: unknown = JSON.parse(Buffer.from(data).toString());
    if (typeof message !== 'object' || message === null || !('type' in message)) return null;
    return typeof message.type === 'string' ? message.type.slice(0, MAX_TYPE_LENGTH) : null;
  } catch {
    return null;
  }
}
