import { CameraError } from '../shared/errors.js';
import type { Credentials } from './messages/authentication.js';
import { Authenticator, type Answered } from './messages/authenticator.js';
import { shown, statusFault } from './camera-faults.js';
import type { RtspConnection } from './connection.js';
import type { DialogueStep } from './dialogue-step.js';
import { headerOf, type HeaderLines, type RtspResponse } from './messages/message-syntax.js';

/** Sends of one request at most: without credentials, with them, and twice more for nonces that are called stale. */
const MAX_SENDS = 4;
const USER_AGENT = 'rtsp-stream-ws';

export const isSuccess = ({ status }: RtspResponse): boolean => status >= 200 && status < 300;

/** Requests on one connection: with the session's id, and with credentials where the camera wants them. */
export class Requests {
  readonly #connection: RtspConnection;
  readonly #credentials: Credentials | null;
  readonly #authenticator: Authenticator;
  readonly #step: (step: DialogueStep) => void;
  /** Goes with each request once it is set. */
  sessionId: string | null = null;
  /** The method whose answer is awaited now. */
  awaited: string | null = null;

  constructor(
    connection: RtspConnection,
    credentials: Credentials | null,
    step: (step: DialogueStep) => void,
  ) {
    this.#connection = connection;
    this.#credentials = credentials;
    this.#authenticator = new Authenticator(credentials);
    this.#step = step;
  }

  /** Asks for what must succeed. @throws CameraError also for any answer but 2xx */
  async must(method: string, uri: string, headers: HeaderLines, signal: AbortSignal): Promise<RtspResponse> {
    const response = await this.ask(method, uri, headers, signal);
    if (!isSuccess(response)) throw statusFault(method, response);
    return response;
  }

  /**
   * Asks, and asks again with credentials where they are wanted.
   * @throws CameraError `unauthorized`, `disconnected`, `protocol`, or the signal's reason
   */
  async ask(method: string, uri: string, headers: HeaderLines, signal: AbortSignal): Promise<RtspResponse> {
    let answered: Answered = 'earlier';
    for (let sends = 1; ; sends++) {
      const authorization = this.#authenticator.header(method, uri);
      if (authorization === null) answered = 'none';
      const response = await this.#send(
        method,
        uri,
        { ...headers, ...named('Authorization', authorization) },
        signal,
      );
      if (response.status !== 401) return response;
      const verdict = this.#authenticator.challenged(response, answered);
      const offered = this.#authenticator.offered.map((name) => this.#shown(name));
      this.#step({ kind: 'challenged', offered });
      if (verdict.kind === 'refused') throw new CameraError('unauthorized', this.#shown(verdict.detail));
      if (sends === MAX_SENDS) throw new CameraError('unauthorized', 'every nonce is called stale');
      answered = 'fresh';
    }
  }

  async #send(method: string, uri: string, headers: HeaderLines, signal: AbortSignal): Promise<RtspResponse> {
    this.awaited = method;
    const begin = performance.now();
    const all = { 'User-Agent': USER_AGENT, ...named('Session', this.sessionId), ...headers };
    const response = await this.#connection.request(method, uri, all, signal);
    this.awaited = null;
    this.#step({
      kind: 'answer',
      method,
      status: response.status,
      reason: this.#shown(response.reason),
      ms: performance.now() - begin,
      withCredentials: 'Authorization' in headers,
      server: this.#shown(headerOf(response, 'server') ?? ''),
    });
    return response;
  }

  #shown(text: string): string {
    return shown(text, this.#credentials);
  }
}

const named = (name: string, value: string | null): Record<string, string> =>
  value === null ? {} : { [name]: value };
