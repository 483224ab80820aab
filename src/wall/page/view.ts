import type { Arrangement } from './layout.js';

/** A view as the service tells it in `/api/views`. Pure. */
export interface View {
  readonly view: string;
  readonly title: string;
  readonly arrangement: Arrangement;
  /** In the order of the tiles, pinned ones first. */
  readonly cameras: readonly string[];
  /** How many of the first cameras stay while the others turn. */
  readonly pinned: number;
  /** Tiles at a time, and how long they stay; null shows all at once. */
  readonly pages: { readonly size: number; readonly dwellMs: number } | null;
  readonly fps: number | undefined;
  readonly quality: number | undefined;
}

/** What a page shows that is a kiosk without a view. */
export const viewOfAll = (cameras: readonly string[]): View => ({
  view: '',
  title: '',
  arrangement: { kind: 'auto' },
  cameras,
  pinned: 0,
  pages: null,
  fps: undefined,
  quality: undefined,
});

const NAME = /\/view\/([A-Za-z0-9][A-Za-z0-9._-]{0,63})\/?$/;

/** What a page's address asks for. */
export interface PageAddress {
  /** Name of a view; null is the wall of all cameras. */
  readonly view: string | null;
  /** Pictures alone, for a screen that nobody operates. */
  readonly kiosk: boolean;
  /** `jpeg`: the page asks for no video. */
  readonly codecs: 'auto' | 'jpeg';
}

/** @param pathname also below BASE_PATH */
export function parsePageAddress(pathname: string, search: string): PageAddress {
  const parameters = new URLSearchParams(search);
  const kiosk = parameters.get('kiosk');
  return {
    view: NAME.exec(pathname)?.[1] ?? null,
    kiosk: kiosk !== null && kiosk !== '0',
    codecs: parameters.get('codec') === 'jpeg' ? 'jpeg' : 'auto',
  };
}
