import type { StateMessage } from '../protocol.js';
import type { WallState } from '../tile/tile-stream.js';

interface Tile {
  readonly handle: number;
  readonly camera: string;
}

/**
 * The state messages of one session. A state goes out at once. A change of `maxGap` alone comes with every key frame of a
 * camera whose key frames are irregular, to each of its tiles, so it is put off until the next `flush`.
 */
export class StateOutbox {
  readonly #sent = new Map<Tile, WallState>();
  readonly #putOff = new Map<Tile, WallState>();

  constructor(private readonly send: (message: StateMessage) => void) {}

  changed(tile: Tile, state: WallState): void {
    const before = this.#sent.get(tile);
    if (before && isSame(before, state)) {
      this.#putOff.set(tile, state);
    } else {
      this.#putOff.delete(tile);
      this.#sendNow(tile, state);
    }
  }

  /** Sends what was put off; call about once a second. */
  flush(): void {
    for (const [tile, state] of this.#putOff)
      if (state.maxGap !== this.#sent.get(tile)?.maxGap) this.#sendNow(tile, state);
    this.#putOff.clear();
  }

  forget(tile: Tile): void {
    this.#sent.delete(tile);
    this.#putOff.delete(tile);
  }

  #sendNow(tile: Tile, state: WallState): void {
    this.#sent.set(tile, state);
    const { handle, camera } = tile;
    this.send({ type: 'state', handle, camera, ...state });
  }
}

/** Apart from `maxGap`. */
const isSame = (a: WallState, b: WallState): boolean =>
  a.state === b.state && a.reason === b.reason && a.since === b.since && a.text === b.text;
