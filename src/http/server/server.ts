import { once } from 'node:events';
import type * as UWebSockets from 'uWebSockets.js';
import type {
  AppOptions,
  HttpResponse,
  TemplatedApp,
  us_listen_socket,
  WebSocket,
  WebSocketBehavior,
} from 'uWebSockets.js';
import { requireNative } from '../../shared/native-package.js';
import type { SocketData, SocketRoute } from '../../viewer/socket-session.js';
import { listenAlone } from './listen.js';
import type { RequestReader } from '../request.js';
import { upgradeHandler } from '../upgrade/upgrade.js';

export interface ServerOptions {
  readonly host: string;
  readonly port: number;
  /** PEM files; `null` is plain HTTP. */
  readonly tls: { readonly certFile: string; readonly keyFile: string } | null;
}

/**
 * Longest head of a request that comes in pieces, in bytes: room for MAX_QUERY_LENGTH, a token and what browsers add. Beyond it
 * uWebSockets.js answers 431; it reads the variable when it is loaded, and its own 4096 would cut long camera URLs off.
 */
process.env['UWS_HTTP_MAX_HEADERS_SIZE'] ??= '16384';

/** Required, not imported: the official package and its npm aliases are CommonJS, and only some carry an ES wrapper. */
const uWS = requireNative(
  'uWebSockets.js',
  `uws_${process.platform}_${process.arch}_${process.versions.modules}.node`,
  'it runs on Node 20, 22 and 24, on Linux with glibc (not musl, as Alpine has), macOS and Windows',
) as typeof UWebSockets;

/** Seconds without any byte from a client before its socket is cut: half-open peers. A pong is due far more often. */
const IDLE_TIMEOUT_S = 32;

/** What uWebSockets.js takes at most. */
const MAX_IDLE_TIMEOUT_S = 960;

/** The cut comes after the session's own end by as much as its grid of four seconds and a busy machine need. */
const idleTimeoutS = (slowTimeoutMs: number | null): number =>
  Math.min(MAX_IDLE_TIMEOUT_S, Math.max(IDLE_TIMEOUT_S, Math.ceil((slowTimeoutMs ?? 0) / 1000) + 12));

/** The uWebSockets.js app: sockets in, sessions out. */
export class Server {
  readonly app: TemplatedApp;
  #listening: us_listen_socket | null = null;
  readonly #sockets = new Set<WebSocket<SocketData>>();
  #drained: () => void = () => undefined;

  constructor(private readonly options: ServerOptions) {
    const { tls } = options;
    const appOptions: AppOptions = tls ? { cert_file_name: tls.certFile, key_file_name: tls.keyFile } : {};
    this.app = tls ? uWS.SSLApp(appOptions) : uWS.App(appOptions);
  }

  /** Whether it speaks TLS itself. */
  get secure(): boolean {
    return this.options.tls !== null;
  }

  /** Sends to every subscriber of the topic: one call, whatever their number. */
  readonly publish = (topic: string, message: ArrayBuffer): void => {
    this.app.publish(topic, message, true);
  };

  addSocketRoute(
    { path, judge, maxMessageBytes, maxBufferedBytes, autoPing, slowTimeoutMs }: SocketRoute,
    read: RequestReader,
    failed: (error: unknown) => void,
  ): void {
    const behavior: WebSocketBehavior<SocketData> = {
      maxPayloadLength: maxMessageBytes,
      maxBackpressure: maxBufferedBytes,
      idleTimeout: idleTimeoutS(slowTimeoutMs),
      sendPingsAutomatically: autoPing,
      upgrade: upgradeHandler(judge, read, failed),
      open: (ws) => {
        this.#sockets.add(ws);
        const data = ws.getUserData();
        const session = data.start(ws);
        // A refusal in `start` has closed the socket already.
        if (this.#sockets.has(ws)) data.session = session;
        else session.closed();
      },
      message: (ws, message, isBinary) => {
        ws.getUserData().session?.message(new Uint8Array(message), isBinary);
      },
      pong: (ws, message) => {
        ws.getUserData().session?.pong(Buffer.from(message).toString('latin1'));
      },
      drain: (ws) => {
        ws.getUserData().session?.drain();
      },
      close: (ws) => {
        this.#sockets.delete(ws);
        ws.getUserData().session?.closed();
        if (this.#sockets.size === 0) this.#drained();
      },
    };
    this.app.ws<SocketData>(path, behavior);
  }

  /** Calls `opened` with each connection that comes in, before anything is read from it. */
  onConnection(opened: (res: HttpResponse) => void): void {
    this.app.filter((res, change) => {
      if (change === 1) opened(res);
    });
  }

  /**
   * @param port another than the one of the options: that which the system chose before
   * @returns the port that is listened on
   * @throws Error naming host and port when they cannot be had
   */
  async listen(port = this.options.port): Promise<number> {
    const { host } = this.options;
    const socket = await listenAlone(this.app, host, port, uWS.us_listen_socket_close);
    if (!socket)
      throw new Error(
        `cannot listen on ${host} port ${port}: taken, not this machine's, or (below 1024) not allowed to this user`,
      );
    this.#listening = socket;
    return uWS.us_socket_local_port(socket);
  }

  /** Takes no more connections. */
  stopListening(): void {
    if (this.#listening) uWS.us_listen_socket_close(this.#listening);
    this.#listening = null;
  }

  /** Waits until the sessions have closed their sockets, at most `graceMs`; then closes all that is left. */
  async close(graceMs: number): Promise<void> {
    this.stopListening();
    if (this.#sockets.size > 0) {
      const drained = new Promise<void>((resolve) => (this.#drained = resolve));
      const timeout = AbortSignal.timeout(graceMs);
      await Promise.race([drained, once(timeout, 'abort')]);
    }
    this.app.close();
  }
}
