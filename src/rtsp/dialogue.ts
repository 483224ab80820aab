import { CameraError } from '../shared/errors.js';
import type { Credentials } from './messages/authentication.js';
import { statusFault } from './camera-faults.js';
import { RtspConnection, type ConnectionEvents } from './connection.js';
import { baseUrl, controlUrls, type ControlUrls } from './messages/control-url.js';
import type { DialogueStep } from './dialogue-step.js';
import { binaryString, headerOf, RtspSyntaxError } from './messages/message-syntax.js';
import { isSuccess, Requests } from './requests.js';
import { parseSessionDescription, type SessionDescription } from './messages/session-description.js';
import { DEFAULT_TIMEOUT_MS, parseSession, type SessionHeader } from './messages/session-header.js';
import {
  parseTransport,
  transportText,
  type Transport,
  type TransportOffer,
} from './messages/transport-header.js';
import type { VideoTrack } from './messages/video-track.js';

/** A camera's URL in its parts, without credentials. */
export interface CameraUrl {
  readonly scheme: 'rtsp' | 'rtsps';
  /** As the user gave it: a name, or an address without brackets. It stands in request lines and in SNI, and is not resolved. */
  readonly host: string;
  /** 1-65535. */
  readonly port: number;
  /** From the first `/`, `?` or `#` on, exactly as given; may be empty. No white space, no control characters. */
  readonly pathAndQuery: string;
}

export interface DialogueOptions {
  readonly url: CameraUrl;
  readonly credentials: Credentials | null;
  /** Numeric; the one address that is dialled. */
  readonly address: string;
}

export interface DialogueEvents extends ConnectionEvents {
  step(step: DialogueStep): void;
}

/** The URL as it stands in request lines, as a binary string. The port is always there, as FFmpeg has it. */
export function requestUrl({ scheme, host, port, pathAndQuery }: CameraUrl): string {
  const authority = host.includes(':') ? `[${host}]` : host;
  return binaryString(`${scheme}://${authority}:${port}${pathAndQuery}`);
}

/** Unsupported Transport; servers that know one transport alone also say Bad Request or Not Acceptable. */
const OTHER_TRANSPORT: ReadonlySet<number> = new Set([400, 406, 461]);

/** One RTSP connection to a camera and the requests of one session on it, in their order. */
export class Dialogue {
  readonly #options: DialogueOptions;
  readonly #events: DialogueEvents;
  readonly #url: string;
  #connection: RtspConnection | null = null;
  #requests: Requests | null = null;
  #base = '';
  #control: string | null = null;
  #urls: ControlUrls | null = null;
  #session: SessionHeader | null = null;
  #keepAliveMethod: 'GET_PARAMETER' | 'OPTIONS' = 'OPTIONS';
  /** From `set_up` on the server holds something that TEARDOWN frees, also without a session id. */
  #state: 'opening' | 'set_up' | 'playing' | 'torn_down' = 'opening';

  constructor(options: DialogueOptions, events: DialogueEvents) {
    this.#options = options;
    this.#events = events;
    this.#url = requestUrl(options.url);
    this.#base = this.#url;
  }

  /** What the dialogue waits for, for people: `connection`, `answer to DESCRIBE`, `picture`. */
  get awaited(): string {
    const method = this.#requests?.awaited;
    if (typeof method === 'string') return `answer to ${method}`;
    return this.#state === 'playing' ? 'picture' : 'connection';
  }

  /** After so long without a sign of life the camera ends the session, ms. */
  get sessionTimeoutMs(): number {
    return this.#session?.timeoutMs ?? DEFAULT_TIMEOUT_MS;
  }

  get localAddress(): string | null {
    return this.#connection?.localAddress ?? null;
  }

  get junkBytes(): number {
    return this.#connection?.junkBytes ?? 0;
  }

  /** @throws CameraError as RtspConnection.open */
  async connect(signal: AbortSignal): Promise<void> {
    const { url, address } = this.#options;
    const tls = url.scheme === 'rtsps';
    const begin = performance.now();
    const target = { address, host: url.host, port: url.port, tls };
    this.#connection = await RtspConnection.open(target, this.#events, signal);
    this.#requests = new Requests(this.#connection, this.#options.credentials, (step) =>
      this.#events.step(step),
    );
    this.#events.step({ kind: 'connected', ms: performance.now() - begin, tls });
  }

  /**
   * OPTIONS, whose refusal is no fault: all it tells is how to keep the session alive.
   * @throws CameraError
   */
  async options(signal: AbortSignal): Promise<void> {
    const response = await this.#ready.ask('OPTIONS', this.#url, {}, signal);
    if (response.status >= 300 && response.status < 400) throw statusFault('OPTIONS', response);
    const methods = (headerOf(response, 'public') ?? '').toUpperCase().split(/[\s,]+/);
    if (methods.includes('GET_PARAMETER')) this.#keepAliveMethod = 'GET_PARAMETER';
  }

  /** @throws CameraError `protocol` also for a description beyond its bounds */
  async describe(signal: AbortSignal): Promise<SessionDescription> {
    const response = await this.#ready.must('DESCRIBE', this.#url, { Accept: 'application/sdp' }, signal);
    this.#base = baseUrl(
      this.#url,
      headerOf(response, 'content-base'),
      headerOf(response, 'content-location'),
    );
    try {
      const description = parseSessionDescription(response.body);
      this.#control = description.control;
      return description;
    } catch (error) {
      if (error instanceof RtspSyntaxError) throw new CameraError('protocol', error.message);
      throw error;
    }
  }

  /**
   * @returns what the server has chosen, or its refusal if another transport may get past it
   * @throws CameraError
   */
  async setup(
    track: VideoTrack,
    offer: TransportOffer,
    signal: AbortSignal,
  ): Promise<Transport | CameraError> {
    this.#urls = controlUrls(this.#base, this.#control, track.control);
    const response = await this.#ready.ask(
      'SETUP',
      this.#urls.track,
      { Transport: transportText(offer) },
      signal,
    );
    const fault = isSuccess(response) ? null : statusFault('SETUP', response);
    if (fault && OTHER_TRANSPORT.has(response.status)) return fault;
    if (fault) throw fault;
    this.#session = parseSession(headerOf(response, 'session'));
    this.#ready.sessionId = this.#session?.id ?? null;
    this.#state = 'set_up';
    return parseTransport(headerOf(response, 'transport'), offer);
  }

  /** @throws CameraError */
  async play(signal: AbortSignal): Promise<void> {
    const { aggregate, track } = this.#urls ?? { aggregate: this.#url, track: this.#url };
    const range = { Range: 'npt=0.000-' };
    let response = await this.#ready.ask('PLAY', aggregate, range, signal);
    // 457: invalid range, for some servers of live streams any. 459: aggregate operation not allowed; others do not know its URL.
    if (response.status === 457) response = await this.#ready.ask('PLAY', aggregate, {}, signal);
    else if ([404, 455, 459].includes(response.status) && track !== aggregate)
      response = await this.#ready.ask('PLAY', track, range, signal);
    if (!isSuccess(response)) throw statusFault('PLAY', response);
    // The session may have been torn down while the answer was awaited.
    if (this.#state === 'set_up') this.#state = 'playing';
  }

  /**
   * Shows life: by GET_PARAMETER where the server offers it, else by OPTIONS, and by the other from a refusal on.
   * @throws CameraError; `disconnected` when the server says twice that there is no such session
   */
  async keepAlive(signal: AbortSignal): Promise<void> {
    const first = await this.#ready.ask(this.#keepAliveMethod, this.#aggregate, {}, signal);
    if (isSuccess(first)) return;
    this.#keepAliveMethod = this.#keepAliveMethod === 'OPTIONS' ? 'GET_PARAMETER' : 'OPTIONS';
    if (first.status !== 454) return;
    const second = await this.#ready.ask(this.#keepAliveMethod, this.#aggregate, {}, signal);
    if (second.status === 454)
      throw new CameraError('disconnected', 'the camera has ended the session (454)');
  }

  /** Ends the session, if there is one, and waits for the answer until the signal. Never throws. */
  async teardown(signal: AbortSignal): Promise<void> {
    if (this.#state !== 'set_up' && this.#state !== 'playing') return;
    this.#state = 'torn_down';
    await this.#ready.ask('TEARDOWN', this.#aggregate, {}, signal).catch(() => undefined);
  }

  sendPacket(channel: number, packet: Uint8Array): void {
    this.#connection?.sendPacket(channel, packet);
  }

  close(): void {
    this.#connection?.close();
  }

  get #ready(): Requests {
    if (this.#requests === null) throw new CameraError('disconnected', 'not connected');
    return this.#requests;
  }

  get #aggregate(): string {
    return this.#urls?.aggregate ?? this.#url;
  }
}
