import type { Grant } from '../access/auth.js';
import { camerasOfView, type ViewLayout, type ViewSpec } from '../config/view-spec.js';

/** One view in `/api/views`, as far as who asks may see it. */
export interface ViewSummary {
  readonly view: string;
  readonly title: string;
  readonly layout: ViewLayout['kind'];
  /** Only of the layout `columns`. */
  readonly columns?: number;
  /** Names in the order of the tiles, pinned ones first. */
  readonly cameras: readonly string[];
  /** How many of the first cameras stay while the others turn. */
  readonly pinned: number;
  /** Tiles at a time, pinned ones included; without it all at once. */
  readonly pageSize?: number;
  /** How long a page stays, ms. Pages turn at whole multiples of it since the Unix epoch, so on all screens at once. */
  readonly dwellMs?: number;
  readonly fps?: number;
  readonly quality?: number;
}

/** The views of CONFIG_FILE. */
export class Views {
  #specs: readonly ViewSpec[] = [];
  #cameras: readonly string[] = [];

  configure(file: {
    readonly views: readonly ViewSpec[];
    readonly cameras: readonly { readonly name: string }[];
  }): void {
    this.#specs = file.views;
    this.#cameras = file.cameras.map(({ name }) => name);
  }

  /** Names of the views that show a camera. */
  readonly of = (camera: string): readonly string[] =>
    this.#specs.filter((spec) => camerasOfView(spec, this.#cameras).includes(camera)).map(({ name }) => name);

  /** What may be seen with this grant, in the order of the file; views of which nothing may be seen are left out. */
  list(grant: Pick<Grant, 'allows' | 'allowsView'>): ViewSummary[] {
    return this.#specs
      .filter(({ name }) => grant.allowsView(name))
      .map((spec) =>
        summaryOf(
          spec,
          camerasOfView(spec, this.#cameras).filter((camera) => grant.allows(camera)),
        ),
      )
      .filter(({ cameras }) => cameras.length > 0);
  }
}

function summaryOf(spec: ViewSpec, cameras: readonly string[]): ViewSummary {
  const { name: view, title, layout, pages, fps, quality } = spec;
  const pinned = new Set(spec.pinned);
  return {
    view,
    title,
    layout: layout.kind,
    ...(layout.kind === 'columns' ? { columns: layout.columns } : {}),
    cameras,
    pinned: cameras.filter((camera) => pinned.has(camera)).length,
    ...(pages ? { pageSize: pages.size, dwellMs: pages.dwellMs } : {}),
    ...(fps === null ? {} : { fps }),
    ...(quality === null ? {} : { quality }),
  };
}
