import { renditionFor } from '../page/tile-rendition.js';
import type { Strings } from '../page/strings.js';
import type { Word } from '../page/verdict.js';
import { CameraTile, type WallClient } from './client.js';
import { make, makeButton } from './dom.js';

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
  stateChanged(cell: GridCell, word: Word): void;
}

export interface CellOptions {
  readonly wall: WallClient;
  readonly strings: Strings;
  readonly info: boolean;
  /** Another tile covers this one. */
  readonly covered: boolean;
}

/** One place of the grid: the tile, the button that makes it large, and the one that takes it off the wall. */
export class GridCell {
  readonly item: HTMLLIElement;
  readonly tile = new CameraTile();
  /** Covers the tile: it gets the clicks, the keyboard's focus and the screen reader's attention. */
  readonly hit: HTMLButtonElement;
  #rendition = '';

  constructor(
    readonly camera: WallCamera,
    { wall, strings, info, covered }: CellOptions,
    events: CellEvents,
  ) {
    const { tile } = this;
    tile.wall = wall;
    tile.rtsp = camera.rtsp;
    tile.info = info;
    tile.setAttribute('camera', camera.camera);
    tile.setAttribute('label', camera.title);
    // The button says it all; the tile's own texts would be read a second time.
    tile.setAttribute('aria-hidden', 'true');
    this.hit = makeButton('', 'hit', () => events.clicked(this));
    this.hit.tabIndex = -1;
    const take = makeButton('×', 'take', () => events.takenOff(this));
    take.tabIndex = -1;
    take.setAttribute('aria-label', strings.remove(camera.title));
    this.item = make('li', {}, tile, this.hit, take);
    this.cover(covered);
    this.expand(false);
    const label = (): void => this.hit.setAttribute('aria-label', strings.tile(camera.title, tile.said));
    tile.addEventListener('verdictchange', () => {
      label();
      if (tile.verdict) events.stateChanged(this, tile.verdict.word);
    });
    label();
  }

  get word(): Word {
    return this.tile.verdict?.word ?? 'connecting';
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

  /** Asks for pictures that fit this many CSS pixels of width; a large tile shows the main stream where there is one. */
  adapt(width: number, large: boolean): void {
    const rendition = renditionFor(width * devicePixelRatio, large && this.camera.hasMain);
    const key = JSON.stringify(rendition);
    if (key === this.#rendition) return;
    this.#rendition = key;
    this.tile.setRendition(rendition);
  }
}
