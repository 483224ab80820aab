import { ClockOffset } from '../../page/clock-offset.js';
import { retryDelay } from '../../page/retry-delay.js';
import { parseServerMessage } from '../../page/server-messages.js';
import {
  type ClientMessage,
  decodeFrameHeader,
  type FrameHeader,
  type HelloMessage,
  type RefusedMessage,
  type RetriedMessage,
  type StateMessage,
  type VideoMessage,
  WALL_PROTOCOL_VERSION,
  WALL_VIDEO_PROTOCOL_VERSION,
} from '../../protocol.js';

/** The page's one socket to the service: connects, reconnects, keeps the clock offset. Knows no tiles. */

export interface LinkEvents {
  /** @param page version of the page that the server gives out, or null */
  up(page: string | null): void;
  down(code: number, reason: string): void;
  frame(header: FrameHeader, message: ArrayBuffer): void;
  message(message: LinkMessage): void;
}

/** What the server says of cameras and tiles. */
export type LinkMessage = StateMessage | RefusedMessage | RetriedMessage | VideoMessage;

const PING_MS = 5_000;
/** A new connection is pinged more often at first: one ping measures the clocks badly while a page starts. */
const FIRST_PINGS_MS = [0, 300, 1000, 2000];
/** Two pings without any answer: the connection is dead, whatever the browser believes. */
const SILENT_MS = 12_000;
/** The connection has stood so long that the next loss starts from the first backoff step. */
const STEADY_MS = 10_000;

export class Link {
  readonly offset = new ClockOffset();
  /** Whether the server knows video; those of before do not. */
  video = false;
  #socket: WebSocket | null = null;
  #up = false;
  #upAt = 0;
  #tries = 0;
  #retry: ReturnType<typeof setTimeout> | undefined;
  #receivedAt = 0;
  readonly #beat: ReturnType<typeof setInterval>;

  constructor(
    private readonly url: string,
    private readonly events: LinkEvents,
  ) {
    this.#beat = setInterval(() => this.#ping(), PING_MS);
    this.#connect();
  }

  send(message: ClientMessage): void {
    if (this.#up) this.#socket?.send(JSON.stringify(message));
  }

  /** Tries now, if it only waits for the next try. */
  now(): void {
    if (this.#socket) {
      this.#ping();
      return;
    }
    this.#tries = 0;
    this.#connect();
  }

  close(): void {
    clearInterval(this.#beat);
    clearTimeout(this.#retry);
    const socket = this.#socket;
    this.#socket = null;
    socket?.close(1000);
  }

  #connect(): void {
    clearTimeout(this.#retry);
    const socket = new WebSocket(this.url);
    socket.binaryType = 'arraybuffer';
    this.#socket = socket;
    this.#receivedAt = performance.now();
    socket.onmessage = ({ data }: MessageEvent<unknown>) => {
      if (this.#socket === socket) this.#received(data);
    };
    socket.onclose = ({ code, reason }) => {
      if (this.#socket === socket) this.#lost(code, reason);
    };
  }

  #received(data: unknown): void {
    this.#receivedAt = performance.now();
    if (data instanceof ArrayBuffer) {
      const header = decodeFrameHeader(data);
      if (header) this.events.frame(header, data);
      return;
    }
    const message = typeof data === 'string' ? parseServerMessage(data) : null;
    if (!message) return;
    if (message.type === 'hello') this.#hello(message);
    else if (message.type === 'pong') this.offset.add(message.sent, message.time, Date.now());
    else this.events.message(message);
  }

  #hello({ protocol, time, page }: HelloMessage): void {
    this.video = protocol === WALL_VIDEO_PROTOCOL_VERSION;
    if (!this.video && protocol !== WALL_PROTOCOL_VERSION) {
      this.#drop(4400, 'page and server are of different versions: reload the page');
      return;
    }
    this.#up = true;
    this.#upAt = performance.now();
    this.offset.hello(time, Date.now());
    this.events.up(page ?? null);
    for (const delay of FIRST_PINGS_MS) setTimeout(() => this.#ping(), delay);
  }

  #ping(): void {
    if (this.#socket && performance.now() - this.#receivedAt > SILENT_MS) this.#drop(1006, '');
    else this.send({ type: 'ping', sent: Date.now() });
  }

  #drop(code: number, reason: string): void {
    this.#socket?.close();
    this.#lost(code, reason);
  }

  #lost(code: number, reason: string): void {
    this.#socket = null;
    if (this.#up && performance.now() - this.#upAt > STEADY_MS) this.#tries = 0;
    this.#up = false;
    this.events.down(code, reason);
    this.#retry = setTimeout(() => this.#connect(), retryDelay(this.#tries, Math.random(), code));
    this.#tries += 1;
  }
}
