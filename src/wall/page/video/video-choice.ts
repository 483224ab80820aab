import type { ClientVideoReason, VideoForm } from '../../protocol.js';
import { Capacity, type Delays, type VideoTile } from './capacity.js';
import { RetryHold } from './retry-hold.js';

/** Which tiles ask for video, and why the others do not. Pure; times in ms. */

/** Why a page asks for no video at all. */
export type NoVideo = 'insecure' | 'no_webcodecs' | 'unsupported';

export interface VideoAbility {
  /** What the browser decodes, preferred first. */
  readonly forms: readonly VideoForm[];
  readonly hardware: boolean;
  readonly cores: number;
  /** Why there are no forms; null if there are. */
  readonly why: NoVideo | null;
}

/** What a tile says to the server: the codecs that it takes now. */
export interface Codecs {
  readonly codecs: readonly VideoForm[];
  /** Why there are none; null if there are. */
  readonly why: ClientVideoReason | NoVideo | null;
}

/** A tile as this decision sees it. */
export interface ChoosingTile {
  readonly id: number;
  /** False: its page wants JPEG. */
  readonly wanted: boolean;
  /** Nobody sees it: it costs nothing. */
  readonly paused: boolean;
  /** It decodes video now. */
  readonly video: boolean;
  /** Pixels a second of its video, also while it has JPEG; 0 if there is none; null before it is known. */
  readonly cost: number | null;
  readonly fps: number | null;
  /** Pictures a second that its camera sends; null before it is known. */
  readonly rate: number | null;
  /** Pictures drawn since the last beat. */
  readonly drawn: number;
  /** It has drawn something at all. */
  readonly shown: boolean;
  /** The service sends JPEG because its video came too late. */
  readonly late: boolean;
}

interface Failure {
  readonly hold: RetryHold;
  why: 'decoder' | 'unsupported';
}

export class VideoChoice {
  readonly #capacity: Capacity;
  readonly #failures = new Map<number, Failure>();
  /** Those that are to ask for video, and all among which they were chosen last. */
  #chosen: ReadonlySet<number> = new Set();
  #judged: ReadonlySet<number> = new Set();

  constructor(private readonly ability: VideoAbility) {
    this.#capacity = new Capacity(ability.hardware, ability.cores);
  }

  /** What this tile asks for when it is seen, among all tiles. */
  codecsOf(tile: ChoosingTile, tiles: readonly ChoosingTile[], now: number): Codecs {
    const refusal = this.#refusal(tile, now);
    if (refusal) return { codecs: [], why: refusal };
    if (!this.#judged.has(tile.id)) {
      const others = tiles.filter(({ id }) => id !== tile.id);
      this.#choose([...others, { ...tile, paused: false }], now);
    }
    return this.#chosen.has(tile.id)
      ? { codecs: this.ability.forms, why: null }
      : { codecs: [], why: 'capacity' };
  }

  /** Once a second: judges anew what the browser carries. */
  beat(tiles: readonly ChoosingTile[], delays: Delays, now: number): void {
    this.#capacity.beat({ now, tiles: this.#candidates(tiles, now), delays });
    this.#choose(tiles, now);
    const known = new Set(tiles.map(({ id }) => id));
    for (const id of this.#failures.keys()) if (!known.has(id)) this.#failures.delete(id);
  }

  /** A tile's decoder failed: JPEG for a while. */
  failed(tile: number, why: 'decoder' | 'unsupported', now: number): void {
    const failure = this.#failures.get(tile) ?? { hold: new RetryHold(), why };
    failure.why = why;
    failure.hold.failed(now);
    this.#failures.set(tile, failure);
  }

  #choose(tiles: readonly ChoosingTile[], now: number): void {
    const candidates = this.#candidates(tiles, now);
    this.#chosen = this.#capacity.choose(candidates, now);
    this.#judged = new Set(candidates.map(({ tile }) => tile));
  }

  #candidates(tiles: readonly ChoosingTile[], now: number): VideoTile[] {
    return tiles
      .filter((tile) => !tile.paused && this.#refusal(tile, now) === null)
      .map(({ id, cost, video, fps, rate, drawn, shown, late }) => ({
        tile: id,
        video: video || this.#chosen.has(id),
        ...{ cost, fps, rate, drawn, shown, late },
      }));
  }

  #refusal({ id, wanted }: ChoosingTile, now: number): Codecs['why'] {
    if (!wanted) return 'user';
    if (this.ability.why) return this.ability.why;
    const failure = this.#failures.get(id);
    return failure?.hold.holds(now) ? failure.why : null;
  }
}
