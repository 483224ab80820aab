import { connect, isIP, type Socket } from 'node:net';
import { connect as connectTls } from 'node:tls';
import { CameraError } from '../shared/errors.js';
import { ArrivalTimes } from './arrival-times.js';
import { printableUrl, socketFault } from './camera-faults.js';
import { IntakePace, TURN_BYTES } from './intake-pace.js';
import { RtspReader } from './messages/message-reader.js';
import {
  headerOf,
  requestText,
  responseText,
  RtspSyntaxError,
  type HeaderLines,
  type RtspMessage,
  type RtspRequest,
  type RtspResponse,
} from './messages/message-syntax.js';
import { PendingRequests } from './pending-requests.js';

/** Where to connect: the judged address, and the name for TLS. */
export interface Target {
  /** Numeric. */
  readonly address: string;
  /** The URL's host, as given. */
  readonly host: string;
  /** 1-65535. */
  readonly port: number;
  readonly tls: boolean;
}

export interface ConnectionEvents {
  /**
   * @param packet valid during the call only
   * @param arrivedAt when the kernel had it: Unix epoch, ms with fraction
   */
  packet(channel: number, packet: Buffer, arrivedAt: number): void;
  /** The connection is gone, or of no use any more; comes once, and not after `close`. */
  closed(fault: CameraError): void;
}

/** Bytes that may wait for a server that sends but does not read. */
const MAX_UNSENT_BYTES = 64 * 1024;
/** How long what is still to be sent may take when the connection closes. */
const FLUSH_MS = 500;

/**
 * One RTSP connection, over TCP or TLS. Requests go out, each awaits its response; packets and the server's own requests may
 * come at any time between. The socket reads into the reader's memory, so a packet costs no copy.
 */
export class RtspConnection {
  readonly #socket: Socket;
  readonly #events: ConnectionEvents;
  readonly #reader: RtspReader;
  readonly #pending = new PendingRequests();
  #phase: 'connecting' | 'TLS' | 'open' | 'closed' = 'connecting';
  #opening: { readonly resolve: () => void; readonly reject: (fault: CameraError) => void } | null = null;
  #fault: CameraError | null = null;
  readonly #pace = new IntakePace();
  /** Packets and messages of this turn. */
  #received = 0;
  readonly #arrivals = new ArrivalTimes();
  /** What the socket reads into. */
  #room: Buffer = Buffer.alloc(0);

  private constructor(target: Target, events: ConnectionEvents) {
    this.#events = events;
    this.#reader = new RtspReader({
      message: (message) => this.#take(message),
      packet: (channel, packet) => events.packet(channel, packet, this.#arrivals.newest),
    });
    const { address, host, port, tls } = target;
    if (isIP(address) === 0) throw new TypeError('a connection needs a numeric address');
    const onread = {
      buffer: () => (this.#room = this.#reader.room().subarray(0, TURN_BYTES)),
      callback: (bytes: number) => this.#read(bytes),
    };
    const options = { host: address, port, noDelay: true, keepAlive: true, onread };
    // Cameras have certificates of their own making. A name, not an address, goes into SNI (RFC 6066, 3).
    const servername = isIP(host) === 0 ? { servername: host } : {};
    this.#socket = tls
      ? connectTls({ ...options, rejectUnauthorized: false, ...servername })
      : connect(options);
    this.#socket.on('connect', () => this.#advance(tls ? 'TLS' : 'open'));
    this.#socket.on('secureConnect', () => this.#advance('open'));
    this.#socket.on('error', (error) =>
      this.#fail(socketFault(error, this.#phase === 'closed' ? 'open' : this.#phase)),
    );
    for (const end of ['end', 'close'])
      this.#socket.on(end, () => this.#fail(new CameraError('disconnected')));
  }

  /**
   * @param signal aborts the attempt with its reason, a CameraError
   * @throws CameraError `refused`, `unreachable`, `open_timeout`, `protocol` (TLS), `disconnected`, or the signal's reason
   */
  static async open(target: Target, events: ConnectionEvents, signal: AbortSignal): Promise<RtspConnection> {
    signal.throwIfAborted();
    const connection = new RtspConnection(target, events);
    const abort = (): void => connection.#fail(signal.reason as CameraError);
    signal.addEventListener('abort', abort);
    try {
      await new Promise<void>((resolve, reject) => (connection.#opening = { resolve, reject }));
      return connection;
    } finally {
      signal.removeEventListener('abort', abort);
    }
  }

  /** Local address, numeric: UDP sockets are bound to it. */
  get localAddress(): string | null {
    return this.#socket.localAddress ?? null;
  }

  /** Bytes that were neither RTSP nor packets. */
  get junkBytes(): number {
    return this.#reader.junkBytes;
  }

  /**
   * Sends a request and awaits its response; 1xx are waited over.
   * @param headers binary strings
   * @param signal aborts the wait with its reason
   * @throws CameraError `disconnected`, `protocol`, or the signal's reason
   */
  async request(
    method: string,
    uri: string,
    headers: HeaderLines,
    signal: AbortSignal,
  ): Promise<RtspResponse> {
    signal.throwIfAborted();
    if (this.#fault) throw this.#fault;
    const { cseq, response } = this.#pending.add(signal);
    this.#write(requestText(method, uri, cseq, headers));
    return response;
  }

  /** Sends an interleaved packet. @param packet up to 65,535 bytes */
  sendPacket(channel: number, packet: Uint8Array): void {
    const frame = Buffer.allocUnsafe(4 + packet.length);
    frame[0] = 0x24;
    frame[1] = channel;
    frame.writeUInt16BE(packet.length, 2);
    frame.set(packet, 4);
    this.#write(frame);
  }

  /** Sends what is still to be sent, then closes. No event comes after this. */
  close(): void {
    this.#end(new CameraError('disconnected', 'closed here'));
  }

  #advance(phase: 'TLS' | 'open'): void {
    if (this.#phase === 'closed') return;
    this.#phase = phase;
    if (phase !== 'open') return;
    this.#opening?.resolve();
    this.#opening = null;
  }

  /** @returns whether to read on in this turn */
  #read(bytes: number): boolean {
    this.#arrivals.read(this.#socket);
    try {
      this.#reader.received(bytes);
    } catch (error) {
      if (!(error instanceof RtspSyntaxError)) throw error;
      this.#fail(new CameraError('protocol', error.message));
    }
    const waitMs = this.#pace.take(bytes, this.#received, performance.now());
    this.#received = 0;
    if (waitMs > 0) setTimeout(() => this.#socket.resume(), waitMs);
    else if (bytes < this.#room.length) return true;
    else setImmediate(() => this.#socket.resume());
    return false;
  }

  #take(message: RtspMessage): void {
    if (message.kind === 'request') this.#answer(message);
    else if (message.status >= 200) this.#pending.settle(message);
  }

  /** RFC 2326, 10: a server may ask for our options, announce a description, or redirect. */
  #answer(request: RtspRequest): void {
    if (request.method === 'OPTIONS') {
      this.#write(responseText(request, 200, 'OK', { Public: 'OPTIONS' }));
    } else if (request.method === 'REDIRECT') {
      this.#write(responseText(request, 200, 'OK'));
      const location = headerOf(request, 'location');
      this.#fail(
        new CameraError('redirected', `REDIRECT${location === null ? '' : ` to ${printableUrl(location)}`}`),
      );
    } else {
      this.#write(responseText(request, 501, 'Not Implemented'));
    }
  }

  #write(bytes: string | Uint8Array): void {
    if (this.#fault || !this.#socket.writable) return;
    if (typeof bytes === 'string') this.#socket.write(bytes, 'latin1');
    else this.#socket.write(bytes);
    if (this.#socket.writableLength > MAX_UNSENT_BYTES)
      this.#fail(new CameraError('protocol', 'the camera sends, but reads nothing'));
  }

  #fail(fault: CameraError): void {
    if (this.#fault) return;
    const opening = this.#opening;
    this.#end(fault);
    if (opening) opening.reject(fault);
    else this.#events.closed(fault);
  }

  #end(fault: CameraError): void {
    if (this.#fault) return;
    this.#fault = fault;
    this.#phase = 'closed';
    this.#opening = null;
    this.#reader.close();
    this.#pending.reject(fault);
    // A peer that does not read would keep the rest, and the socket with it, for ever.
    this.#socket.destroySoon();
    setTimeout(() => this.#socket.destroy(), FLUSH_MS).unref();
  }
}
