import { PausePace } from '../../page/pause-pace.js';
import { type ClientMessage, MAX_HANDLES } from '../../protocol.js';

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
  readonly #pace = new PausePace();

  constructor(private readonly wall: PausingWall<T>) {}

  /** Some tile paused or resumed. */
  later(): void {
    this.#timer ??= setTimeout(() => this.flush(), this.#pace.wait(performance.now()));
  }

  /** Tells the server which tiles were paused and which resumed; nothing about one that did both. */
  flush(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    const turned = [...this.wall.tiles()].filter(
      ({ handle, paused, sentPaused }) => handle > 0 && paused !== sentPaused,
    );
    if (turned.length > 0) this.#pace.sent(performance.now());
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
