import type { ListedCamera } from '../../page/server-messages.js';
import type { Strings } from '../../page/strings.js';
import type { PageAddress } from '../../page/view.js';
import {
  arrange,
  formatAddress,
  MAX_COLUMNS,
  parseAddress,
  withNewNames,
  type WallAddress,
} from '../../page/wall-address.js';
import { AddDialog, helpDialog } from './add-dialog.js';
import { AdminClient } from './admin-client.js';
import { type AdhocCamera, loadAdhoc, saveAdhoc } from './adhoc-store.js';
import { Announcer } from './announcer.js';
import { CameraList } from './camera-list.js';
import { WallClient } from '../client.js';
import { make } from '../dom.js';
import { makeDraggable } from '../grid/drag.js';
import { EmptyHint } from './empty-hint.js';
import { Grid } from '../grid/grid.js';
import type { WallCamera } from '../grid/grid-cell.js';
import { listenKeys } from './keys.js';
import { ManageDialog } from './manage-dialog.js';
import { openView, toggleFullScreen } from './navigation.js';
import { Toolbar } from './toolbar.js';

/** The wall page: builds its parts, and keeps cameras, address and tiles in step. */
export class WallPage {
  #address: WallAddress = parseAddress(location.hash);
  #listed: readonly ListedCamera[] = [];
  #adhoc: readonly AdhocCamera[] = loadAdhoc();
  /** Until the first list there is nothing to say about cameras, not even that there are none. */
  #known = false;
  /** Whether administrators may change the cameras of the configuration. */
  #editable = false;
  readonly #wall: WallClient;
  readonly #announcer: Announcer;
  readonly #grid: Grid;
  readonly #toolbar: Toolbar;
  readonly #hint: EmptyHint;
  readonly #list: CameraList;

  constructor(strings: Strings, codecs: PageAddress['codecs']) {
    this.#wall = new WallClient({ codecs });
    this.#announcer = new Announcer(strings);
    this.#grid = new Grid(this.#wall, strings, {
      stateChanged: (title, verdict) => this.#announcer.note(title, verdict),
      removed: (camera, title) => this.#removed(camera, title),
      changed: () => this.#summarise(),
    });
    const { add, manage, help } = this.#addDialogs(strings);
    this.#toolbar = new Toolbar(strings, {
      add,
      manage,
      help,
      back: () => this.#grid.enlarge(null),
      remove: () => this.#grid.removeCurrent(),
      showHidden: () => this.#setAddress({ hidden: [] }),
      columns: (columns) => this.#setAddress({ columns }),
      fullScreen: toggleFullScreen,
      open: openView,
    });
    this.#hint = new EmptyHint(strings, { add, showHidden: () => this.#setAddress({ hidden: [] }) });
    const main = make('main', {}, this.#grid.element, this.#hint.element);
    document.body.append(this.#toolbar.element, main, this.#announcer.element);
    listenKeys(this.#grid, {
      help,
      fullScreen: toggleFullScreen,
      edit: { add, manage, columns: (by) => this.#stepColumns(by), ordered: () => this.#ordered() },
    });
    this.#makeDraggable();
    new ResizeObserver(() => this.#grid.layOut()).observe(main);
    this.#show();
    this.#list = this.#follow(strings);
    this.#wall.addEventListener('link', () => {
      this.#summarise();
      if (this.#wall.connected) this.#list.forgive();
    });
    addEventListener('hashchange', () => {
      this.#address = parseAddress(location.hash);
      this.#followRenames();
      this.#show();
    });
  }

  /** @returns what opens each of them */
  #addDialogs(strings: Strings): Readonly<Record<'add' | 'manage' | 'help', () => void>> {
    const admin = new AdminClient(strings.manage, () => this.#list.refresh());
    const dialog = new AddDialog(strings, {
      added: (camera) => this.#added(camera),
      kept: async (camera, token) => {
        await (token === '' ? admin.list() : admin.signIn(token));
        await admin.add({ name: camera.camera, title: camera.title, url: camera.rtsp });
        this.#forgetAdhoc(camera.camera);
        this.#shown(camera.camera);
      },
    });
    const managing = new ManageDialog(strings, admin);
    const help = helpDialog(strings);
    document.body.append(dialog.element, managing.element, help);
    return {
      add: () => dialog.open(this.#editable, admin.known),
      manage: () => {
        if (this.#editable) managing.open();
      },
      help: () => help.showModal(),
    };
  }

  /** Shows the service's cameras as they come and go. */
  #follow(strings: Strings): CameraList {
    return new CameraList({
      listed: (cameras, views, editable) => {
        this.#editable = editable;
        this.#toolbar.offer(views, null);
        this.#toolbar.offerManaging(editable);
        this.#known = true;
        this.#listed = cameras;
        const large = this.#followRenames().get(this.#grid.large ?? '');
        this.#toolbar.warn('');
        this.#show();
        if (large !== undefined) this.#grid.enlarge(large);
      },
      refused: () => {
        this.#toolbar.warn(strings.listRefused);
        this.#summarise();
      },
    });
  }

  #makeDraggable(): void {
    makeDraggable(this.#grid.element, {
      at: (x, y) => this.#grid.at(x, y),
      place: (item, over) => {
        this.#grid.place(item, over);
        // Not in the link before it is dropped, but a new list of cameras must not put it back.
        this.#address = { ...this.#address, order: this.#grid.order };
      },
      dropped: (item) => {
        this.#ordered();
        this.#grid.focus(item);
      },
    });
  }

  /**
   * A link made before a camera was renamed keeps its place, and says the new name from now on.
   * @returns new names by former ones
   */
  #followRenames(): ReadonlyMap<string, string> {
    const cameras = this.#cameras();
    const renamed = this.#listed.flatMap(({ camera, formerNames }) =>
      // Somebody may have added another camera by that name.
      formerNames.filter((name) => !cameras.has(name)).map((name): [string, string] => [name, camera]),
    );
    const newNames = new Map(renamed);
    const address = withNewNames(this.#address, newNames);
    if (address !== this.#address) this.#keep(address);
    return newNames;
  }

  #cameras(): ReadonlyMap<string, WallCamera> {
    const cameras = new Map<string, WallCamera>(this.#listed.map((camera) => [camera.camera, camera]));
    for (const { camera, title, rtsp } of this.#adhoc)
      cameras.set(camera, { camera, title, rtsp, hasMain: false });
    return cameras;
  }

  #show(): void {
    const cameras = this.#cameras();
    const names = arrange([...cameras.keys()], this.#address);
    const { columns } = this.#address;
    this.#grid.show({
      shown: names.flatMap((name) => cameras.get(name) ?? []),
      arrangement: columns === null ? { kind: 'auto' } : { kind: 'columns', columns },
    });
    this.#hint.show(names.length > 0 || !this.#known ? null : cameras.size > 0 ? 'hidden' : 'none');
    this.#summarise();
  }

  #summarise(): void {
    const cameras = this.#cameras();
    this.#toolbar.show({
      linked: this.#wall.connected,
      closedCode: this.#wall.closed.code,
      count: this.#grid.size,
      words: this.#grid.words,
      hidden: this.#address.hidden.filter((name) => cameras.has(name)).length,
      columns: this.#address.columns,
      large: this.#grid.large !== null,
    });
  }

  #setAddress(change: Partial<WallAddress>): void {
    this.#keep({ ...this.#address, ...change });
    this.#show();
  }

  #keep(address: WallAddress): void {
    this.#address = address;
    history.replaceState(null, '', `${location.pathname}${location.search}${formatAddress(address)}`);
  }

  #ordered(): void {
    this.#setAddress({ order: this.#grid.order });
  }

  #stepColumns(by: 1 | -1 | 0): void {
    const now = this.#address.columns ?? this.#grid.columns;
    this.#setAddress({ columns: by === 0 ? null : Math.min(MAX_COLUMNS, Math.max(1, now + by)) });
  }

  #added(camera: AdhocCamera): boolean {
    if (this.#cameras().has(camera.camera) && !this.#address.hidden.includes(camera.camera)) return false;
    this.#adhoc = [...this.#adhoc.filter((other) => other.camera !== camera.camera), camera];
    saveAdhoc(this.#adhoc);
    this.#shown(camera.camera);
    return true;
  }

  #forgetAdhoc(camera: string): void {
    this.#adhoc = this.#adhoc.filter((other) => other.camera !== camera);
    saveAdhoc(this.#adhoc);
  }

  /** No longer hidden, if it was. */
  #shown(camera: string): void {
    this.#setAddress({ hidden: this.#address.hidden.filter((name) => name !== camera) });
  }

  /** Hidden even if it was added here: it is still listed for a while, and this wall must not keep it running. */
  #removed(camera: string, title: string): void {
    this.#forgetAdhoc(camera);
    this.#announcer.forget(title);
    this.#setAddress({ hidden: [...new Set([...this.#address.hidden, camera])] });
  }
}
