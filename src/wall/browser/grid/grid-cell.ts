import { renditionFor } from '../../page/tile-rendition.js';
import type { Strings } from '../../page/strings.js';
import { isHeld, type Verdict, type Word } from '../../page/verdict.js';
import { CameraTile, type WallClient } from '../client.js';
import { make, makeButton } from '../dom.js';

export interface WallCamera {
  readonly camera: string;
  readonly title: string;
  readonly hasMain: boolean;
  /** Only of cameras that were added here. */
  readonly rtsp?: string | undefined;
}

export interface CellEvents {
  clicked(cell: GridCell): void;
  takenOff(cell: GridCell): void;
  /** The tile shows another state. */
  stateChanged(cell: GridCell, verdict: Verdict): void;
}

export interface CellOptions {
  readonly wall: WallClient;
  readonly strings: Strings;
  readonly info: boolean;
  /** Another tile covers this one. */
  readonly covered: boolean;
}

/**
 * Where a cell stands: in the grid; behind it, so that it has a picture when its turn comes; or nowhere, its camera given up.
 */
export type CellPlace = 'shown' | 'next' | 'away';

/** The form in which a cell's pictures are wanted. */
export interface CellRendition {
  /** CSS pixels. */
  readonly width: number;
  /** From the main stream, where the camera has one. */
  readonly main: boolean;
  readonly fps?: number | undefined;
  readonly quality?: number | undefined;
}

/** One place of the grid: the tile, the button that makes it large, and the one that takes it off the wall. */
export class GridCell {
  readonly item: HTMLLIElement;
  readonly tile = new CameraTile();
  /** Covers the tile: it gets the clicks, the keyboard's focus and the screen reader's attention. */
  readonly hit: HTMLButtonElement;
  readonly #again: HTMLButtonElement;
  readonly #take: HTMLButtonElement;
  #rendition = '';
  #place: CellPlace = 'shown';

  constructor(
    private current: WallCamera,
    private readonly options: CellOptions,
    events: CellEvents,
  ) {
    const { tile } = this;
    const { wall, strings, info, covered } = options;
    tile.wall = wall;
    tile.rtsp = current.rtsp;
    tile.info = info;
    tile.setAttribute('camera', current.camera);
    // The button says it all; the tile's own texts would be read a second time.
    tile.setAttribute('aria-hidden', 'true');
    this.hit = makeButton('', 'hit', () => events.clicked(this));
    this.hit.tabIndex = -1;
    this.#take = makeButton('×', 'take', () => events.takenOff(this));
    this.#take.tabIndex = -1;
    this.#again = makeButton(strings.tryAgain, 'again primary', () => tile.tryAgain());
    this.item = make('li', {}, tile, this.hit, this.#again, this.#take);
    this.cover(covered);
    this.expand(false);
    tile.addEventListener('verdictchange', () => {
      this.#label();
      if (tile.verdict) events.stateChanged(this, tile.verdict);
    });
    this.update(current);
  }

  get camera(): WallCamera {
    return this.current;
  }

  /** Takes over what the service now says of the camera; its pictures go on. Another address needs another cell. */
  update(camera: WallCamera): void {
    this.current = camera;
    this.tile.setAttribute('label', camera.title);
    this.#take.setAttribute('aria-label', this.options.strings.remove(camera.title));
    this.#label();
  }

  get word(): Word {
    return this.tile.verdict?.word ?? 'connecting';
  }

  /** Whether the camera refused its credentials: a person may have it tried again. */
  get canTryAgain(): boolean {
    return this.tile.verdict !== null && isHeld(this.tile.verdict);
  }

  /** A covered tile is asked for no pictures and cannot be reached by the keyboard. */
  cover(covered: boolean): void {
    this.item.inert = covered;
    this.tile.suspended = covered;
  }

  /** Makes this the tile that fills the screen, or a small one again. */
  expand(large: boolean): void {
    this.item.classList.toggle('large', large);
    this.hit.setAttribute('aria-expanded', String(large));
  }

  get place(): CellPlace {
    return this.#place;
  }

  /** @param spans whether it is the tile that spans several places */
  put(place: CellPlace, spans: boolean): void {
    this.#place = place;
    for (const name of ['next', 'away'] as const) this.item.classList.toggle(name, place === name);
    this.item.classList.toggle('spanning', spans && place === 'shown');
    this.tile.away = place === 'away';
  }

  adapt({ width, main, fps, quality }: CellRendition): void {
    const rendition = {
      ...renditionFor(width * devicePixelRatio, main && this.camera.hasMain),
      fps,
      quality,
    };
    const key = JSON.stringify(rendition);
    if (key === this.#rendition) return;
    this.#rendition = key;
    this.tile.setRendition(rendition);
  }

  #label(): void {
    this.#again.hidden = !this.canTryAgain;
    this.hit.setAttribute('aria-label', this.options.strings.tile(this.current.title, this.tile.said));
  }
}
