import { sequenceOf } from '../../page/sequence.js';
import type { ListedCamera } from '../../page/server-messages.js';
import type { Strings } from '../../page/strings.js';
import { type PageAddress, type View, viewOfAll } from '../../page/view.js';
import { helpDialog } from './add-dialog.js';
import { Announcer } from './announcer.js';
import { CameraList } from './camera-list.js';
import { WallClient } from '../client.js';
import { make } from '../dom.js';
import { EmptyHint } from './empty-hint.js';
import { Grid } from '../grid/grid.js';
import { listenKeys } from './keys.js';
import { becomeKiosk } from './kiosk.js';
import { openView, toggleFullScreen } from './navigation.js';
import { PageTurner } from './page-turner.js';
import { Toolbar } from './toolbar.js';

/** The page of a view: its cameras as the configuration lays them out, in pages that turn. Also every kiosk. */
export class ViewPage {
  #cameras: ReadonlyMap<string, ListedCamera> = new Map();
  #views: readonly View[] = [];
  /** Until the first list there is nothing to say about cameras. */
  #known = false;
  /** The page stays as it is while one of its cameras fills the screen. */
  #held = false;
  readonly #wall: WallClient;
  readonly #announcer: Announcer;
  readonly #grid: Grid;
  readonly #hint: EmptyHint;
  readonly #list: CameraList;
  /** A kiosk has none. */
  readonly #toolbar: Toolbar | null;
  readonly #turner = new PageTurner(
    () => this.#wall.now(),
    () => this.#show(),
  );

  constructor(
    private readonly strings: Strings,
    private readonly address: PageAddress,
  ) {
    this.#wall = new WallClient({ codecs: address.codecs });
    this.#announcer = new Announcer(strings);
    this.#grid = new Grid(this.#wall, strings, {
      stateChanged: (title, verdict) => this.#announcer.note(title, verdict),
      removed: () => undefined,
      changed: () => this.#gridChanged(),
    });
    this.#hint = new EmptyHint(strings, null);
    document.body.classList.add('view');
    this.#toolbar = address.kiosk ? null : this.#addControls();
    if (address.kiosk) becomeKiosk(this.#wall);
    const main = make('main', {}, this.#grid.element, this.#hint.element);
    document.body.append(main, this.#announcer.element);
    new ResizeObserver(() => this.#grid.layOut()).observe(main);
    this.#list = new CameraList({
      listed: (cameras, views) => {
        this.#known = true;
        this.#cameras = new Map(cameras.map((camera) => [camera.camera, camera]));
        this.#views = views;
        this.#toolbar?.warn('');
        this.#toolbar?.offer(views, address.view);
        this.#show();
      },
      refused: () => {
        this.#toolbar?.warn(strings.listRefused);
        if (!this.#known) this.#hint.show('refused');
        this.#summarise();
      },
    });
    this.#wall.addEventListener('link', () => {
      // Without tiles there is nothing else that says so.
      if (!this.#known && !this.#wall.connected) this.#hint.show('noServer');
      this.#summarise();
      if (this.#wall.connected) this.#list.forgive();
    });
  }

  #addControls(): Toolbar {
    const help = helpDialog(this.strings);
    const toolbar = new Toolbar(this.strings, {
      add: () => undefined,
      manage: () => undefined,
      help: () => help.showModal(),
      back: () => this.#grid.enlarge(null),
      remove: () => undefined,
      showHidden: () => undefined,
      columns: () => undefined,
      fullScreen: toggleFullScreen,
      open: openView,
    });
    listenKeys(this.#grid, { help: () => help.showModal(), fullScreen: toggleFullScreen, edit: null });
    document.body.append(toolbar.element, help);
    return toolbar;
  }

  #view(): View | null {
    const { view } = this.address;
    if (view === null) return viewOfAll([...this.#cameras.keys()]);
    return this.#views.find((other) => other.view === view) ?? null;
  }

  #show(): void {
    const view = this.#view();
    this.#hint.show(this.#known ? this.#emptyReason(view) : null);
    if (!view) {
      this.#grid.show({ shown: [], arrangement: { kind: 'auto' } });
      return;
    }
    // A page does not turn away under somebody who looks at one of its cameras.
    this.#held = this.#grid.large !== null;
    if (this.#held) return;
    document.title = view.title || this.strings.wall;
    const sequence = sequenceOf(view);
    const { page, next, preparesIn } = this.#turner.follow(sequence);
    const shown = sequence.pages[page] ?? [];
    const coming = preparesIn <= 0 ? (sequence.pages[next] ?? []) : [];
    const { arrangement, fps, quality } = view;
    const taken = new Set([...shown, ...coming]);
    this.#grid.show({
      shown: this.#known ? this.#listed(shown) : [],
      next: this.#listed(coming.filter((camera) => !shown.includes(camera))),
      away: this.#listed(view.cameras.filter((camera) => !taken.has(camera))),
      arrangement,
      fps,
      quality,
    });
    this.#summarise();
  }

  #emptyReason(view: View | null): 'none' | 'noView' | null {
    if (!view) return 'noView';
    return view.cameras.length === 0 ? 'none' : null;
  }

  #listed(names: readonly string[]): ListedCamera[] {
    return names.flatMap((name) => this.#cameras.get(name) ?? []);
  }

  #gridChanged(): void {
    this.#summarise();
    if (this.#held && this.#grid.large === null) this.#show();
  }

  #summarise(): void {
    this.#toolbar?.show({
      linked: this.#wall.connected,
      closedCode: this.#wall.closed.code,
      count: this.#grid.size,
      words: this.#grid.words,
      hidden: 0,
      columns: null,
      large: this.#grid.large !== null,
    });
  }
}
