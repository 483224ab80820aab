import { randomBytes } from 'node:crypto';
import { connect, type Socket } from 'node:net';
import { epochMs } from '../../src/shared/clock.js';
import { TokenBucket } from './token-bucket.js';
import { ViewerStats, type Closed } from './viewer-stats.js';
import { CLOSE, PING, PONG, WsFrameParser, maskedControl } from './ws-frames.js';
import { HandshakeReader, handshakeRequest } from './ws-handshake.js';
import { MessageReader, type ReadMode } from './ws-messages.js';

/**
 * A WebSocket viewer that costs next to nothing, so that a load test loads the server and not itself.
 *
 * About slow viewers: Node cannot set SO_RCVBUF, so the kernel still takes bytes that this viewer does not read.
 * `readRate` and `pause` are therefore a slow *application*: until the kernel's buffers are full (about 4 MB on
 * loopback, nearly all of it on the sender's side) the server sees nothing but late answers to its pings.
 */
export interface ViewerOptions {
  readonly host: string;
  readonly port: number;
  /** Path with query, encoded. */
  readonly path: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly mode: ReadMode;
  /** Bytes a second that it reads, all protocol bytes included. */
  readonly readRate?: number;
  /** Read buffer for unlimited viewers. One may serve all viewers of a process: it is free again after each read. */
  readonly buffer?: Uint8Array;
  /** Default 10,000. */
  readonly openTimeoutMs?: number;
  /** Only in `keep` mode. The time is Unix epoch in ms, when the last byte of the frame was read. */
  readonly onFrame?: (jpeg: Buffer, receivedAtEpochMs: number) => void;
  readonly onText?: (text: string) => void;
  readonly onClose?: (closed: Closed) => void;
}

export interface Viewer {
  readonly stats: ViewerStats;
  /** The handshake is done. Rejects with HandshakeError, or with the socket's error. */
  readonly opened: Promise<void>;
  /** The socket is gone. Never rejects. */
  readonly ended: Promise<Closed>;
  /** Stops reading; pings go unanswered because they are not read. */
  pause(): void;
  resume(): void;
  /** From now on reads but answers nothing, neither ping nor close: what a half-open connection looks like. */
  mute(): void;
  /** Closing handshake; the socket is destroyed after 1 s without an answer. */
  close(code?: number): void;
  /** Drops the socket without a closing handshake. */
  destroy(): void;
}

/** 64 KiB holds a few frames of a tile and stays in the CPU's cache. */
export const READ_BUFFER_BYTES = 64 * 1024;
/** A rate-limited viewer reads in steps of this many ms worth of bytes. */
const RATE_STEP_MS = 20;
const MIN_STEP_BYTES = 512;
const OPEN_TIMEOUT_MS = 10_000;
const CLOSE_TIMEOUT_MS = 1000;
const NO_CODE = 1005;
const ABNORMAL = 1006;

export function connectViewer(options: ViewerOptions): Viewer {
  return new SocketViewer(options);
}

class SocketViewer implements Viewer {
  readonly stats = new ViewerStats(performance.now());
  readonly opened: Promise<void>;
  readonly ended: Promise<Closed>;
  readonly #options: ViewerOptions;
  readonly #socket: Socket;
  readonly #parser: WsFrameParser;
  readonly #bucket: TokenBucket | undefined;
  #handshake: HandshakeReader | undefined;
  #rateTimer: NodeJS.Timeout | undefined;
  #paused = false;
  #muted = false;
  #closing = false;
  #closeFrame: Closed | undefined;
  #settleOpened: (error?: Error) => void = () => undefined;

  constructor(options: ViewerOptions) {
    this.#options = options;
    const { host, port, readRate } = options;
    const step = readRate === undefined ? 0 : stepBytes(readRate);
    if (readRate !== undefined) this.#bucket = new TokenBucket(readRate, step, performance.now());
    const buffer = step > 0 ? Buffer.alloc(step) : (options.buffer ?? Buffer.alloc(READ_BUFFER_BYTES));
    this.#parser = new WsFrameParser(
      new MessageReader(options.mode, {
        onBinary: (bytes, whole, jpeg) => this.#onBinary(bytes, whole, jpeg),
        onText: (text) => {
          this.stats.texts += 1;
          options.onText?.(text);
        },
        onControl: (opcode, payload) => this.#onControl(opcode, payload),
      }),
    );
    this.#socket = connect({
      host,
      port,
      noDelay: true,
      onread: { buffer, callback: (length, data) => this.#onRead(data, length) },
    });
    this.opened = this.#open();
    // Who does not wait for `opened` hears of a failure through `ended`.
    this.opened.catch(() => undefined);
    this.ended = new Promise((resolve) => {
      this.#socket.once('close', () => resolve(this.#onClosed()));
    });
  }

  pause(): void {
    this.#paused = true;
    this.#socket.pause();
  }

  resume(): void {
    this.#paused = false;
    if (this.#rateTimer === undefined) this.#socket.resume();
  }

  mute(): void {
    this.#muted = true;
  }

  close(code = 1000): void {
    if (this.#closing || this.#socket.destroyed) return;
    this.#closing = true;
    const payload = Buffer.alloc(2);
    payload.writeUInt16BE(code);
    this.#socket.write(maskedControl(CLOSE, payload));
    this.#destroySoon();
  }

  destroy(): void {
    this.#socket.destroy();
  }

  #open(): Promise<void> {
    const { host, port, path, headers = {}, openTimeoutMs = OPEN_TIMEOUT_MS } = this.#options;
    const key = randomBytes(16).toString('base64');
    this.#handshake = new HandshakeReader(key);
    this.#socket.once('connect', () => {
      this.#socket.write(handshakeRequest({ host, port, path, key, headers }));
    });
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => {
        this.#socket.destroy(new Error(`no handshake within ${openTimeoutMs} ms`));
      }, openTimeoutMs);
      this.#settleOpened = (error) => {
        clearTimeout(timer);
        if (error === undefined) resolve();
        else reject(error);
      };
      this.#socket.on('error', (error) => this.#settleOpened(error));
    });
  }

  /** Returning false stops reading. Must not throw: Node would take it for an uncaught exception. */
  #onRead(data: Uint8Array, length: number): boolean {
    try {
      if (this.#handshake === undefined) this.#parser.push(data, length);
      else this.#onAnswer(this.#handshake.push(data.subarray(0, length)));
    } catch (error) {
      this.#socket.destroy(error instanceof Error ? error : new Error(String(error)));
      return false;
    }
    const waitMs = this.#bucket?.take(length, performance.now()) ?? 0;
    if (waitMs > 0) this.#restFor(waitMs);
    return waitMs === 0 && !this.#paused;
  }

  #onAnswer(rest: Buffer | undefined): void {
    if (rest === undefined) return;
    this.#handshake = undefined;
    this.#settleOpened();
    this.#parser.push(rest);
  }

  #restFor(ms: number): void {
    clearTimeout(this.#rateTimer);
    this.#rateTimer = setTimeout(() => {
      this.#rateTimer = undefined;
      if (!this.#paused) this.#socket.resume();
    }, ms);
  }

  #onBinary(bytes: number, whole: boolean, jpeg: Buffer | undefined): void {
    this.stats.frame(bytes, whole, performance.now());
    if (jpeg !== undefined) this.#options.onFrame?.(jpeg, epochMs());
  }

  #onControl(opcode: typeof CLOSE | typeof PING | typeof PONG, payload: Buffer): void {
    if (opcode === PING) {
      this.stats.pings += 1;
      if (!this.#muted) this.#socket.write(maskedControl(PONG, payload));
    } else if (opcode === CLOSE) {
      const code = payload.length >= 2 ? payload.readUInt16BE(0) : NO_CODE;
      this.#closeFrame = { code, reason: payload.toString('utf8', 2) };
      if (this.#muted) return;
      if (this.#closing) this.#socket.end();
      else this.#socket.end(maskedControl(CLOSE, payload.subarray(0, 2)));
      this.#destroySoon();
    }
  }

  /** A peer that never closes its side must not keep this one. */
  #destroySoon(): void {
    const timer = setTimeout(() => this.#socket.destroy(), CLOSE_TIMEOUT_MS);
    this.#socket.once('close', () => clearTimeout(timer));
  }

  #onClosed(): Closed {
    clearTimeout(this.#rateTimer);
    this.#settleOpened(new Error('socket closed before the handshake was done'));
    const closed = this.#closeFrame ?? { code: ABNORMAL, reason: '' };
    this.stats.closed = closed;
    this.#options.onClose?.(closed);
    return closed;
  }
}

function stepBytes(readRate: number): number {
  const step = Math.ceil((readRate * RATE_STEP_MS) / 1000);
  return Math.min(READ_BUFFER_BYTES, Math.max(MIN_STEP_BYTES, step));
}
