import { once } from 'node:events';
import { connect, createServer, type Socket } from 'node:net';
import WebSocket from 'ws';
import { TokenBucket } from '../../bench/lib/token-bucket.js';
import { epochMs } from '../../src/shared/clock.js';
import {
  type ClientMessage,
  decodeFrameHeader,
  FRAME_HEADER_BYTES,
  type FrameHeader,
  type ServerMessage,
} from '../../src/wall/protocol.js';
import type { Scope } from './rig.js';
import { until } from './until.js';

export interface ReceivedFrame extends FrameHeader {
  readonly bytes: Buffer;
  readonly ageMs: number;
  /** Unix epoch, ms. */
  readonly at: number;
}

export interface WallViewerOptions {
  /** Default 2. */
  readonly protocol?: number | null;
  /** Whether frames are acknowledged, as a page does that draws them. Default true. */
  readonly draws?: boolean;
}

/** How long a page collects acknowledgements, ms. */
const ACK_MS = 15;

/** A wall's page without a page: it takes what comes, and acknowledges it. */
export class WallViewer {
  readonly frames: ReceivedFrame[] = [];
  readonly messages: ServerMessage[] = [];
  closed: { readonly code: number; readonly reason: string } | null = null;
  draws: boolean;
  readonly #socket: WebSocket;
  readonly #drawn = new Map<number, number>();
  #timer: NodeJS.Timeout | null = null;

  constructor(scope: Scope, port: number, { protocol = 2, draws = true }: WallViewerOptions = {}) {
    this.draws = draws;
    const query = protocol === null ? '' : `?protocol=${protocol}`;
    this.#socket = new WebSocket(`ws://127.0.0.1:${port}/wall${query}`, { perMessageDeflate: false });
    this.#socket.on('message', (data, isBinary) => {
      if (isBinary) this.#frame(data as Buffer);
      else this.messages.push(JSON.parse((data as Buffer).toString()) as ServerMessage);
    });
    this.#socket.on('error', () => undefined);
    this.#socket.on('close', (code, reason) => (this.closed = { code, reason: reason.toString() }));
    scope.after(() => {
      this.#socket.terminate();
    });
  }

  say(message: ClientMessage): void {
    if (this.#socket.readyState === WebSocket.OPEN) this.#socket.send(JSON.stringify(message));
  }

  /** Subscribes a tile, by default to video. */
  async tile(
    handle: number,
    camera: string,
    rtsp: string,
    codecs: readonly string[] = ['h264'],
  ): Promise<void> {
    await until('the hello', () => this.of('hello').length > 0 || this.closed);
    this.say({ type: 'subscribe', handle, camera, rtsp, ...(codecs.length > 0 ? { codecs } : {}) });
  }

  /** Stops reading: the kernel's buffers fill up. */
  stopReading(): void {
    this.#socket.pause();
  }

  of<T extends ServerMessage['type']>(type: T): Extract<ServerMessage, { type: T }>[] {
    return this.messages.filter((message) => message.type === type) as Extract<ServerMessage, { type: T }>[];
  }

  /** What each tile was told it is given, and why, in order: `h264`, `jpeg slow_line`. */
  get told(): string[] {
    return this.of('video').map((video) => (video.form === 'jpeg' ? `jpeg ${video.why}` : video.form));
  }

  state(handle = 1): string | undefined {
    return this.of('state')
      .filter((message) => message.handle === handle)
      .at(-1)?.state;
  }

  /** Delta units that do not follow the unit that they need. */
  get torn(): number {
    const newest = new Map<number, FrameHeader>();
    let torn = 0;
    for (const frame of this.frames) {
      const before = newest.get(frame.handle);
      if (
        frame.kind === 'delta' &&
        (before?.kind === 'jpeg' || frame.sequence !== (before?.sequence ?? -1) + 1)
      )
        torn++;
      newest.set(frame.handle, frame);
    }
    return torn;
  }

  #frame(data: Buffer): void {
    const copy = Uint8Array.from(data).buffer;
    const header = decodeFrameHeader(copy);
    if (!header) throw new Error('no frame of the protocol');
    const at = epochMs();
    const bytes = data.subarray(FRAME_HEADER_BYTES);
    this.frames.push({ ...header, bytes, at, ageMs: at - header.capturedAt });
    if (!this.draws) return;
    this.#drawn.set(header.handle, header.sequence);
    this.#timer ??= setTimeout(() => {
      this.#timer = null;
      this.say({ type: 'ack', frames: [...this.#drawn] });
      this.#drawn.clear();
    }, ACK_MS);
  }
}

export interface SlowLine {
  readonly port: number;
  /** From now on, bits a second towards the viewer; `null` is as fast as can be. */
  setRate(bitsPerSecond: number | null): void;
}

/** What a line holds before the sender is stopped, bytes: some packets on a modem's queue. */
const LINE_BYTES = 16 * 1024;

/** A TCP path of a given speed towards the viewer. The kernel's own buffers in front of it are the sender's, as in life. */
export async function slowLine(
  scope: Scope,
  target: number,
  bitsPerSecond: number | null,
): Promise<SlowLine> {
  const sockets = new Set<Socket>();
  let rate = bitsPerSecond;
  const server = createServer((near) => {
    const far = connect({
      port: target,
      host: '127.0.0.1',
      noDelay: true,
      onread: {
        buffer: Buffer.alloc(LINE_BYTES),
        callback: (length, data) => {
          near.write(Uint8Array.from(data.subarray(0, length)));
          if (rate === null) return true;
          const wait = new TokenBucket(rate / 8, 1, performance.now()).take(length, performance.now());
          setTimeout(() => far.resume(), wait);
          return false;
        },
      },
    });
    near.setNoDelay(true);
    near.on('data', (chunk) => far.write(chunk));
    for (const [socket, other] of [
      [near, far],
      [far, near],
    ] as const) {
      sockets.add(socket);
      socket.on('error', () => undefined);
      socket.on('close', () => other.destroy());
    }
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  scope.after(() => {
    for (const socket of sockets) socket.destroy();
    server.close();
  });
  const address = server.address();
  return {
    port: address !== null && typeof address === 'object' ? address.port : 0,
    setRate: (next) => (rate = next),
  };
}
