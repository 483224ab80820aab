import { parseClientMessage } from './client-messages.js';
import { TokenBucket } from '../shared/token-bucket.js';
import { SendWindow } from './send-window.js';
import {
  SessionTile,
  stateMessage,
  type TileEvents,
  type WallRequest,
  type WallStreams,
} from './session-tile.js';
import {
  MAX_HANDLES,
  MESSAGE_BURST,
  MESSAGES_PER_SECOND,
  TILE_CREDITS,
  WALL_PROTOCOL_VERSION,
  encodeFrameHeader,
  type ClientMessage,
  type ServerMessage,
  type SubscribeMessage,
} from './protocol.js';

export type {
  WallFrame,
  WallRequest,
  WallSink,
  WallState,
  WallStreams,
  WallSubscription,
} from './session-tile.js';

/** The one socket of a wall, as its session needs it. None of these is called after `close`. */
export interface WallSocket {
  sendText(text: string): void;
  /** One binary message made of both parts; `header` is fresh, `jpeg` is shared: neither is changed later. */
  sendBinary(header: Uint8Array, jpeg: Uint8Array | ArrayBuffer): void;
  /** Bytes that the kernel has not taken yet. */
  bufferedAmount(): number;
  close(code: number, reason: string): void;
}

export interface WallSessionTime {
  /** Monotonic, ms. */
  now(): number;
  /** Unix epoch, ms: the clock that frames and states are stamped with. */
  epoch(): number;
}

/** A browser that has drawn nothing for so long while frames are on the way to it is gone or hopeless. */
const STALLED_MS = 15_000;
/**
 * Texts are not credited, nor are frames of tiles that were given up: this bounds what of them a client that does not read can pile up.
 */
const MAX_UNCREDITED_BYTES = 4 * 1024 * 1024;

/** Counters for metrics, since the session began. */
export interface WallSessionCounters {
  readonly framesSent: number;
  readonly bytesSent: number;
}

/**
 * One browser's multiplexed session on `/wall`. It owns the tiles and decides which frame goes next; the caller owns
 * the socket and calls `open`, `message`, `tick` (about once a second) and `closed`.
 */
export class WallSession {
  readonly #tiles = new Map<number, SessionTile>();
  /** Tiles with a frame to send, in the order in which they began to wait: each gets its turn, so none starves. */
  readonly #waiting = new Set<SessionTile>();
  readonly #window = new SendWindow();
  readonly #limit = new TokenBucket(MESSAGE_BURST, MESSAGES_PER_SECOND);
  #ended = false;
  #framesSent = 0;
  #bytesSent = 0;
  #lastDrawnAt = 0;

  readonly #events: TileEvents = {
    ready: (tile) => {
      // Refused or closed tiles may not come back through a late frame.
      if (this.#tiles.get(tile.handle) !== tile) return;
      this.#waiting.add(tile);
      this.#pump();
    },
    state: (tile, state) => this.#send(stateMessage(tile, state)),
    refused: (tile, what, code, reason, text) => {
      if (what === 'subscribe') this.#drop(tile);
      this.#send({ type: 'refused', handle: tile.handle, what, code, reason, text });
    },
  };

  constructor(
    private readonly socket: WallSocket,
    private readonly streams: WallStreams,
    private readonly time: WallSessionTime,
  ) {}

  get tiles(): number {
    return this.#tiles.size;
  }

  get counters(): WallSessionCounters {
    return { framesSent: this.#framesSent, bytesSent: this.#bytesSent };
  }

  open(): void {
    this.#send({
      type: 'hello',
      protocol: WALL_PROTOCOL_VERSION,
      time: this.time.epoch(),
      credits: TILE_CREDITS,
      maxHandles: MAX_HANDLES,
    });
  }

  /** One message from the browser. Whatever is wrong with it ends the session with a code and a reason. */
  message(data: Uint8Array, isBinary: boolean): void {
    if (this.#ended) return;
    if (!this.#limit.take(this.time.now())) {
      this.#close(4429, `too many messages: at most ${MESSAGES_PER_SECOND} a second`);
      return;
    }
    const parsed = parseClientMessage(data, isBinary);
    if (parsed.ok) this.#handle(parsed.message);
    else this.#close(4400, parsed.problem);
  }

  /** About once a second: ends a session whose browser neither draws nor reads. */
  tick(): void {
    if (this.#ended) return;
    if (this.#isPiledUp()) {
      this.#close(4408, 'browser does not read');
    } else if (this.#window.inFlight > 0 && this.time.now() - this.#lastDrawnAt > STALLED_MS) {
      this.#close(4408, `browser drew nothing for ${STALLED_MS / 1000} s`);
    }
  }

  /** The socket is gone: leaves every stream. */
  closed(): void {
    this.#ended = true;
    for (const tile of this.#tiles.values()) tile.close();
    this.#tiles.clear();
    this.#waiting.clear();
  }

  /** Ends the session from this side, for example 1001 at shutdown. */
  end(code: number, reason: string): void {
    if (!this.#ended) this.#close(code, reason);
  }

  #handle(message: ClientMessage): void {
    switch (message.type) {
      case 'subscribe':
        this.#subscribe(message);
        return;
      case 'unsubscribe': {
        const tile = this.#tiles.get(message.handle);
        if (tile) this.#drop(tile);
        return;
      }
      case 'rendition': {
        const { handle, width, height, quality, fps, main } = message;
        this.#tiles.get(handle)?.change({ width, height, quality, fps, main });
        return;
      }
      case 'pause':
      case 'resume':
        for (const handle of message.handles) this.#tiles.get(handle)?.setPaused(message.type === 'pause');
        return;
      case 'ack':
        for (const [handle, sequence] of message.frames) this.#acknowledge(handle, sequence);
        this.#pump();
        return;
      case 'ping':
        this.#send({ type: 'pong', sent: message.sent, time: this.time.epoch() });
        return;
    }
  }

  #subscribe(message: SubscribeMessage): void {
    const { handle, camera, rtsp, width, height, quality, fps, main } = message;
    const request: WallRequest = { camera, rtsp, width, height, quality, fps, main };
    if (this.#tiles.has(handle)) {
      this.#close(4400, `bad subscribe: handle ${handle} is in use`);
      return;
    }
    if (this.#tiles.size >= MAX_HANDLES) {
      this.#close(4400, `bad subscribe: at most ${MAX_HANDLES} handles`);
      return;
    }
    const tile = new SessionTile(handle, request, this.streams, this.#events);
    this.#tiles.set(handle, tile);
    tile.open();
  }

  #acknowledge(handle: number, sequence: number): void {
    const tile = this.#tiles.get(handle);
    // A tile that was dropped meanwhile had its frames forgotten then.
    if (!tile) return;
    const now = this.time.now();
    for (const frame of tile.acknowledge(sequence)) {
      this.#lastDrawnAt = now;
      this.#window.drawn(frame.bytes, frame.sentAt, now, this.#waiting.size > 0);
    }
    if (tile.sendable) this.#waiting.add(tile);
  }

  /** Whether more is unsent than the frames on the way account for. */
  #isPiledUp(): boolean {
    return this.socket.bufferedAmount() > this.#window.inFlight + MAX_UNCREDITED_BYTES;
  }

  /** Sends what credits and window allow. */
  #pump(): void {
    for (const tile of this.#waiting) {
      if (this.#ended || !this.#window.open() || this.#isPiledUp()) return;
      this.#waiting.delete(tile);
      if (tile.sendable) this.#sendFrame(tile);
    }
  }

  #sendFrame(tile: SessionTile): void {
    const now = this.time.now();
    const taken = tile.take(now);
    if (!taken) return;
    const { jpeg, capturedAt } = taken.frame;
    if (this.#window.inFlight === 0) this.#lastDrawnAt = now;
    this.#window.sent(jpeg.byteLength);
    this.#framesSent += 1;
    this.#bytesSent += jpeg.byteLength;
    this.socket.sendBinary(
      encodeFrameHeader({ handle: tile.handle, sequence: taken.sequence, capturedAt }),
      jpeg,
    );
  }

  #drop(tile: SessionTile): void {
    tile.close();
    for (const frame of tile.inFlight) this.#window.forgotten(frame.bytes);
    this.#waiting.delete(tile);
    this.#tiles.delete(tile.handle);
    this.#pump();
  }

  #send(message: ServerMessage): void {
    if (!this.#ended) this.socket.sendText(JSON.stringify(message));
  }

  #close(code: number, reason: string): void {
    this.closed();
    this.socket.close(code, reason);
  }
}
