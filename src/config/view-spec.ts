import { fitsPattern } from '../shared/name-pattern.js';

/** A view: a named choice of cameras, and how a wall lays them out. */
export interface ViewSpec {
  readonly name: string;
  readonly title: string;
  /** Names, or patterns in which each `*` stands for any characters, in the order of the tiles; null is all cameras. */
  readonly cameras: readonly string[] | null;
  readonly layout: ViewLayout;
  /** Only so many tiles at a time, pinned ones included, which turn through the cameras; null is all at once. */
  readonly pages: { readonly size: number; readonly dwellMs: number } | null;
  /** Names of the cameras that come first, and stay while the others turn. */
  readonly pinned: readonly string[];
  /** Most frames a second of each tile; null is the camera's own. */
  readonly fps: number | null;
  /** JPEG quality, 1-100; null is the camera's own. */
  readonly quality: number | null;
}

export type ViewLayout =
  /** Equal tiles, as large as the screen lets them be. */
  | { readonly kind: 'auto' }
  | { readonly kind: 'columns'; readonly columns: number }
  /** The first tile is large, the others are small beside it. */
  | { readonly kind: 'large' };

/** The view's cameras among `names`, which are in the order of the configuration: pinned ones first, none twice. */
export function camerasOfView(
  view: Pick<ViewSpec, 'cameras' | 'pinned'>,
  names: readonly string[],
): string[] {
  const known = new Set(names);
  const chosen = new Set(view.pinned.filter((name) => known.has(name)));
  for (const pattern of view.cameras ?? ['*'])
    for (const name of names) if (fitsPattern(pattern, name)) chosen.add(name);
  return [...chosen];
}
