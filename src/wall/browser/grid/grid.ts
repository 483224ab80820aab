import { type Layout, layoutFor } from '../../page/layout.js';
import type { Strings } from '../../page/strings.js';
import type { Verdict, Word } from '../../page/verdict.js';
import type { WallClient } from '../client.js';
import { make } from '../dom.js';
import { type CellEvents, GridCell, type WallCamera } from './grid-cell.js';
import { type GridPlan, leads } from './grid-plan.js';

export interface GridEvents {
  stateChanged(title: string, verdict: Verdict): void;
  removed(camera: string, title: string): void;
  /** The large tile changed, or what the tiles say did. */
  changed(): void;
}

/** The tiles of the wall: which, in what order, how large; and which one of them fills the screen. */
export class Grid {
  readonly element = make('ul', { className: 'grid' });
  readonly #cells = new Map<string, GridCell>();
  #layout: Layout | null = null;
  #plan: GridPlan = { shown: [], arrangement: { kind: 'auto' } };
  #large: GridCell | null = null;
  #info = false;
  readonly #cellEvents: CellEvents = {
    clicked: (cell) => {
      if (cell.word === 'refused' || cell.word === 'removed') cell.tile.retry();
      this.enlarge(this.#large === cell ? null : cell.camera.camera);
    },
    takenOff: (cell) => this.#remove(cell),
    stateChanged: (cell, verdict) => {
      this.events.stateChanged(cell.camera.title, verdict);
      this.events.changed();
    },
  };

  constructor(
    private readonly wall: WallClient,
    private readonly strings: Strings,
    private readonly events: GridEvents,
  ) {
    this.element.setAttribute('role', 'list');
    this.element.setAttribute('aria-label', strings.wall);
    this.element.addEventListener('focusin', ({ target }) => {
      for (const { hit } of this.#cells.values()) hit.tabIndex = hit === target ? 0 : -1;
    });
  }

  /** Tiles that are shown. */
  get size(): number {
    return this.#plan.shown.length;
  }

  /** Columns at present. */
  get columns(): number {
    return this.#layout?.columns ?? 1;
  }

  get large(): string | null {
    return this.#large?.camera.camera ?? null;
  }

  /** Names in the order of the tiles. */
  get order(): string[] {
    return this.#ordered().map(({ camera }) => camera.camera);
  }

  /** How many tiles say what. */
  get words(): ReadonlyMap<Word, number> {
    const counts = new Map<Word, number>();
    for (const { word } of this.#ordered()) counts.set(word, (counts.get(word) ?? 0) + 1);
    return counts;
  }

  /** Shows exactly this; tiles that stay are not touched. */
  show(plan: GridPlan): void {
    this.#plan = plan;
    const { shown, next = [], away = [], arrangement } = plan;
    this.#measure(shown.length);
    const wanted = new Set([...shown, ...next, ...away].map(({ camera }) => camera));
    for (const cell of [...this.#cells.values()]) if (!wanted.has(cell.camera.camera)) this.#drop(cell);
    // Those that were left out already have a cell, or wait for their turn to get one.
    for (const { camera } of away) this.#cells.get(camera)?.put('away', false);
    for (const camera of next) this.#element(camera).put('next', false);
    shown.forEach((camera, index) => {
      const cell = this.#element(camera);
      cell.put('shown', index === 0 && arrangement.kind === 'large');
      if (this.element.children[index] !== cell.item)
        this.element.insertBefore(cell.item, this.element.children[index] ?? null);
    });
    if (this.#large?.place !== 'shown') this.enlarge(null);
    if (!this.#ordered().some(({ hit }) => hit.tabIndex === 0)) {
      const first = this.#ordered()[0];
      if (first) first.hit.tabIndex = 0;
    }
    this.layOut();
  }

  /** Fits the tiles into the space that there is. */
  layOut(): void {
    const layout = this.#measure(this.size);
    if (!layout) return;
    const { style } = this.element;
    style.gridTemplateColumns = `repeat(${layout.columns}, ${layout.width}px)`;
    style.gridAutoRows = `${layout.height}px`;
    style.gap = `${layout.gap}px`;
    style.setProperty('--span', String(layout.span));
    for (const cell of this.#cells.values()) this.#adapt(cell);
  }

  /** The layout for so many tiles in the space that there is; null when there is nothing to lay out. */
  #measure(count: number): Layout | null {
    const space = this.element.parentElement;
    if (!space || count === 0) return null;
    return (this.#layout = layoutFor(count, space.clientWidth, space.clientHeight, this.#plan.arrangement));
  }

  /** Makes one camera fill the screen, or none. */
  enlarge(camera: string | null): void {
    const cell = camera === null ? null : (this.#cells.get(camera) ?? null);
    const before = this.#large;
    if (cell === before) return;
    this.#large = cell;
    before?.expand(false);
    cell?.expand(true);
    for (const other of this.#cells.values()) {
      other.cover(cell !== null && other !== cell);
      this.#adapt(other);
    }
    (cell ?? before)?.hit.focus({ preventScroll: cell !== null });
    this.events.changed();
  }

  /** Moves the focus (and the large tile with it) by one tile. */
  step(dx: number, dy: number): void {
    const cells = this.#ordered();
    const at = cells.findIndex(({ hit }) => hit.tabIndex === 0);
    const next = cells[Math.min(cells.length - 1, Math.max(0, at + dx + dy * this.columns))];
    if (!next) return;
    if (this.#large) this.enlarge(next.camera.camera);
    else next.hit.focus();
  }

  /** Moves the focused tile by `by` places in the order; false when it cannot. */
  shift(by: number): boolean {
    const cells = this.#ordered();
    const at = cells.findIndex(({ hit }) => hit.tabIndex === 0);
    const cell = cells[at];
    const other = cells[at + by];
    if (!cell || !other || this.#large) return false;
    this.place(cell.item, other.item);
    cell.hit.focus();
    return true;
  }

  /** `item` takes the place of `over`; nothing happens if it left the wall while it was dragged. */
  place(item: HTMLElement, over: HTMLElement): void {
    if (item.parentElement !== this.element) return;
    const after = (item.compareDocumentPosition(over) & Node.DOCUMENT_POSITION_FOLLOWING) !== 0;
    this.element.insertBefore(item, after ? over.nextSibling : over);
  }

  /** Gives a tile the focus, which an element that was moved has lost. */
  focus(item: HTMLElement): void {
    this.#ordered()
      .find((cell) => cell.item === item)
      ?.hit.focus();
  }

  /** The tile under a point, or null. */
  at(x: number, y: number): HTMLElement | null {
    const item = this.#large ? null : document.elementFromPoint(x, y)?.closest('li');
    return item && this.element.contains(item) ? item : null;
  }

  /** Takes the focused tile off the wall. */
  removeCurrent(): void {
    const cell = this.#current();
    if (cell) this.#remove(cell);
  }

  /** Has the focused camera tried again, if it refused its credentials. */
  tryAgainCurrent(): void {
    const cell = this.#current();
    if (cell?.canTryAgain) cell.tile.tryAgain();
  }

  toggleInfo(): void {
    this.#info = !this.#info;
    for (const { tile } of this.#cells.values()) tile.info = this.#info;
  }

  /** The large tile, or the one with the focus. */
  #current(): GridCell | null {
    return this.#large ?? this.#ordered().find(({ hit }) => hit === document.activeElement) ?? null;
  }

  /** The cells that are shown, in their order. */
  #ordered(): GridCell[] {
    const cells = [...this.#cells.values()].filter(({ place }) => place === 'shown');
    const byItem = new Map<Element, GridCell>(cells.map((cell) => [cell.item, cell]));
    return [...this.element.children].flatMap((item) => byItem.get(item) ?? []);
  }

  #element(camera: WallCamera): GridCell {
    const before = this.#cells.get(camera.camera);
    if (before && before.camera.rtsp === camera.rtsp) {
      before.update(camera);
      return before;
    }
    if (before) this.#drop(before);
    return this.#add(camera);
  }

  #add(camera: WallCamera): GridCell {
    const { wall, strings } = this;
    const options = { wall, strings, info: this.#info, covered: this.#large !== null };
    const cell = new GridCell(camera, options, this.#cellEvents);
    this.#cells.set(camera.camera, cell);
    this.#adapt(cell); // Before it is connected: it asks for its own size from the start.
    this.element.append(cell.item);
    return cell;
  }

  #remove(cell: GridCell): void {
    if (this.#large === cell) this.enlarge(null);
    const cells = this.#ordered();
    const neighbour = cells[cells.indexOf(cell) + 1] ?? cells[cells.indexOf(cell) - 1];
    neighbour?.hit.focus();
    this.events.removed(cell.camera.camera, cell.camera.title);
  }

  #drop(cell: GridCell): void {
    if (this.#large === cell) this.enlarge(null);
    this.#cells.delete(cell.camera.camera);
    cell.item.remove();
  }

  /** Asks for pictures of the size that the tile has, or will have. */
  #adapt(cell: GridCell): void {
    if (cell.place === 'away') return;
    const { width = 0, span = 1 } = this.#layout ?? {};
    const { fps, quality } = this.#plan;
    if (cell === this.#large) {
      cell.adapt({ width: innerWidth, main: true, quality });
      return;
    }
    const spans = span > 1 && leads(this.#plan, cell);
    cell.adapt({ width: spans ? width * span : width, main: spans, fps, quality });
  }
}
