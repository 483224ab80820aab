import { type ClientMessage, MAX_HANDLES } from '../../protocol.js';

/** Pauses and resumes are batched: a wall of 200 that is hidden, shown and hidden again would else be a flood of messages, ms. */
const PAUSE_MS = 15;
/** Shortest time between two such batches: the server's budget of handles allows ten whole walls a second. */
const PAUSE_INTERVAL_MS = 120;

/** A tile, as far as its pauses go. */
interface Pausing {
  /** 0 without a connection. */
  readonly handle: number;
  readonly paused: boolean;
  /** What the server knows of that. */
  sentPaused: boolean;
  /** The server is told now. */
  pauseSent(): void;
}

interface PausingWall<T extends Pausing> {
  tiles(): Iterable<T>;
  /** The server is about to be told that this tile resumed. */
  resuming(tile: T): void;
  send(message: ClientMessage): void;
}

export class PauseBatch<T extends Pausing> {
  #timer: ReturnType<typeof setTimeout> | undefined;
  #sentAt = -Infinity;

  constructor(private readonly wall: PausingWall<T>) {}

  /** Some tile paused or resumed. */
  later(): void {
    const wait = Math.max(PAUSE_MS, this.#sentAt + PAUSE_INTERVAL_MS - performance.now());
    this.#timer ??= setTimeout(() => this.flush(), wait);
  }

  /** Tells the server which tiles were paused and which resumed; nothing about one that did both. */
  flush(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    this.#sentAt = performance.now();
    const turned = [...this.wall.tiles()].filter(
      ({ handle, paused, sentPaused }) => handle > 0 && paused !== sentPaused,
    );
    for (const tile of turned) if (!tile.paused) this.wall.resuming(tile);
    for (const type of ['pause', 'resume'] as const) {
      const handles = turned.filter(({ paused }) => paused === (type === 'pause')).map((tile) => tile.handle);
      for (let at = 0; at < handles.length; at += MAX_HANDLES)
        this.wall.send({ type, handles: handles.slice(at, at + MAX_HANDLES) });
    }
    for (const tile of turned) {
      tile.sentPaused = tile.paused;
      tile.pauseSent();
    }
  }
}
