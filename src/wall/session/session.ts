import { REFUSALS, type RefusalCode } from '../../shared/errors.js';
import { TokenBucket } from '../../shared/token-bucket.js';
import { parseClientMessage } from '../client-messages.js';
import { FrameScheduler } from './frame-scheduler.js';
import {
  HANDLES_PER_SECOND,
  HANDLE_BURST,
  MAX_HANDLES,
  MESSAGE_BURST,
  MESSAGES_PER_SECOND,
  TILE_CREDITS,
  encodeFrameHeader,
  type ClientMessage,
  type RefusedMessage,
  type ServerMessage,
  type SubscribeMessage,
} from '../protocol.js';
import type { WallSessionDeps, WallSocket } from './session-deps.js';
import { SessionTile } from '../tile/session-tile.js';
import { StateOutbox } from './state-outbox.js';
import type { TileEvents } from '../tile/tile-events.js';
import type { WallRequest, WallStreams } from '../tile/tile-stream.js';

/**
 * One browser's multiplexed session on `/wall`: reads its messages and owns its tiles. The caller owns the socket and calls
 * `open`, `message`, `tick` (about once a second) and `closed`.
 */
export class WallSession {
  readonly #tiles = new Map<number, SessionTile>();
  readonly #messageBudget = new TokenBucket(MESSAGE_BURST, MESSAGES_PER_SECOND);
  readonly #handleBudget = new TokenBucket(HANDLE_BURST, HANDLES_PER_SECOND);
  readonly #scheduler: FrameScheduler;
  readonly #states = new StateOutbox((message) => this.#send(message));
  #ended = false;

  readonly #events: TileEvents = {
    ready: (tile) => {
      // Refused or closed tiles may not come back through a late frame.
      if (this.#tiles.get(tile.handle) === tile) this.#scheduler.ready(tile);
    },
    skipped: () => {
      this.deps.counts.frameSkipped();
    },
    unitSkipped: () => {
      this.deps.counts.unitSkipped();
    },
    form: (before, now) => {
      this.deps.counts.tileForm(before, now);
    },
    fellBack: ({ camera }, why) => {
      this.deps.counts.fellBack(camera, why);
    },
    isLineBehind: () => this.#scheduler.isLineBehind,
    state: (tile, state) => this.#states.changed(tile, state),
    refused: (tile, what, refusal) => {
      if (what === 'subscribe') this.#drop(tile);
      this.#send({ type: 'refused', handle: tile.handle, what, ...refusal });
    },
  };

  constructor(
    private readonly socket: WallSocket,
    private readonly streams: WallStreams,
    private readonly deps: WallSessionDeps,
  ) {
    this.#scheduler = new FrameScheduler(
      {
        send: ({ handle }, { kind, bytes, capturedAt, sequence, tell }) => {
          if (tell) this.#send({ type: 'video', handle, ...tell });
          if (kind !== 'jpeg') deps.counts.unitSent(bytes.byteLength);
          socket.sendBinary(encodeFrameHeader({ kind, handle, sequence, capturedAt }, deps.protocol), bytes);
        },
        bufferedAmount: () => socket.bufferedAmount(),
      },
      () => deps.now(),
    );
  }

  get tiles(): number {
    return this.#tiles.size;
  }

  open(): void {
    this.#send({
      type: 'hello',
      protocol: this.deps.protocol,
      time: this.deps.epoch(),
      credits: TILE_CREDITS,
      maxHandles: MAX_HANDLES,
      page: this.deps.pageVersion || undefined,
    });
  }

  /** One message from the browser. Whatever is wrong with it ends the session with a code and a reason. */
  message(data: Uint8Array, isBinary: boolean): void {
    if (this.#ended) return;
    if (!this.#messageBudget.take(this.deps.now())) {
      this.end('too_many_messages', `too many messages: at most ${MESSAGES_PER_SECOND} a second`);
      return;
    }
    const parsed = parseClientMessage(data, isBinary, this.deps.protocol);
    if (parsed.kind === 'message') this.#handle(parsed.message);
    else if (parsed.kind === 'bad') this.end('bad_parameter', parsed.problem);
    else this.#refuse(parsed.what, parsed.handle, parsed.problem);
  }

  /** About once a second: sends what was put off, and ends a session whose browser neither draws nor reads. */
  tick(): void {
    this.#states.flush();
    for (const tile of [...this.#tiles.values()]) tile.tick();
    const stalled = this.#ended ? null : this.#scheduler.stalled();
    if (stalled) this.end(stalled.code, stalled.reason);
  }

  /** The socket is gone: leaves every stream. */
  closed(): void {
    this.#ended = true;
    this.#scheduler.close();
    for (const tile of this.#tiles.values()) tile.close();
    this.#tiles.clear();
  }

  /** Ends the session from this side, for example `shutting_down`. */
  end(code: RefusalCode, reason: string): void {
    if (this.#ended) return;
    this.closed();
    this.socket.close(code, reason);
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
        const { handle, width, height, size, quality, fps, main, codecs, why } = message;
        this.#tiles.get(handle)?.change({ width, height, size, quality, fps, main, codecs, why });
        return;
      }
      case 'pause':
      case 'resume':
        this.#setPaused(message.handles, message.type === 'pause');
        return;
      case 'ack':
        this.#acknowledge(message.frames);
        return;
      case 'retry': {
        const { camera, rtsp, main } = message;
        this.#send({ type: 'retried', camera, accepted: this.streams.retry({ camera, rtsp, main }) });
        return;
      }
      case 'ping':
        this.#send({ type: 'pong', sent: message.sent, time: this.deps.epoch() });
        return;
    }
  }

  /** Refuses what one tile asks for; the others share the socket and are not to lose it. */
  #refuse(what: RefusedMessage['what'], handle: number, problem: string): void {
    if (what === 'subscribe' && this.#tiles.has(handle)) this.#endHandleInUse(handle);
    else {
      const code = REFUSALS.bad_parameter.close;
      this.#send({ type: 'refused', handle, what, code, reason: 'bad_parameter', text: problem });
    }
  }

  #endHandleInUse(handle: number): void {
    this.end('bad_parameter', `bad subscribe: handle ${handle} is in use`);
  }

  #subscribe(message: SubscribeMessage): void {
    const { handle, camera, rtsp, width, height, size, quality, fps, main, codecs = [] } = message;
    const request: WallRequest = { camera, rtsp, width, height, size, quality, fps, main };
    if (this.#tiles.has(handle)) {
      this.#endHandleInUse(handle);
      return;
    }
    if (this.#tiles.size >= MAX_HANDLES) {
      this.end('bad_parameter', `bad subscribe: at most ${MAX_HANDLES} handles`);
      return;
    }
    const tile = new SessionTile(handle, request, codecs, this.streams, this.#events, () => this.deps.now());
    this.#tiles.set(handle, tile);
    tile.open();
  }

  #setPaused(handles: readonly number[], paused: boolean): void {
    if (!this.#handleBudget.take(this.deps.now(), handles.length)) {
      this.end(
        'too_many_messages',
        `too many handles in pause and resume: at most ${HANDLES_PER_SECOND} a second`,
      );
      return;
    }
    for (const handle of handles) {
      const tile = this.#tiles.get(handle);
      tile?.setPaused(paused);
      if (tile && paused) this.#scheduler.paused(tile);
    }
  }

  #acknowledge(frames: readonly (readonly [handle: number, sequence: number])[]): void {
    for (const [handle, sequence] of frames) {
      // A tile that was dropped meanwhile had its frames forgotten then.
      const tile = this.#tiles.get(handle);
      if (tile) this.#scheduler.acknowledge(tile, sequence);
    }
    this.#scheduler.pump();
  }

  #drop(tile: SessionTile): void {
    tile.close();
    this.#tiles.delete(tile.handle);
    this.#states.forget(tile);
    this.#scheduler.drop(tile);
  }

  #send(message: ServerMessage): void {
    if (!this.#ended) this.socket.sendText(JSON.stringify(message));
  }
}
