import { isCameraName } from '../../shared/camera-name.js';

/**
 * What of a wall is kept in the page's address (after `#`), so that it can be bookmarked and sent to a colleague:
 * order, hidden cameras and columns. Only names of cameras, never a camera's URL: that may hold a password.
 */

export interface WallAddress {
  /** Cameras in this order first; others follow by themselves. */
  readonly order: readonly string[];
  readonly hidden: readonly string[];
  /** 1-20, or null for the layout that fills the screen. */
  readonly columns: number | null;
}

export const EMPTY_ADDRESS: WallAddress = { order: [], hidden: [], columns: null };

const MAX_NAMES = 400;
export const MAX_COLUMNS = 20;

const names = (text: string | null): readonly string[] =>
  [...new Set((text ?? '').split(',').filter((name) => isCameraName(name)))].slice(0, MAX_NAMES);

/** Reads what comes after `#`; whatever does not make sense is left out. */
export function parseAddress(hash: string): WallAddress {
  const values = new URLSearchParams(hash.replace(/^#/, ''));
  const columns = /^\d{1,2}$/.test(values.get('cols') ?? '') ? Number(values.get('cols')) : 0;
  return {
    order: names(values.get('order')),
    hidden: names(values.get('hide')),
    columns: columns >= 1 && columns <= MAX_COLUMNS ? columns : null,
  };
}

/** The reverse; empty for an empty address. Commas stay readable. */
export function formatAddress(address: WallAddress): string {
  const parts = [
    address.order.length > 0 ? `order=${address.order.join(',')}` : '',
    address.hidden.length > 0 ? `hide=${address.hidden.join(',')}` : '',
    address.columns === null ? '' : `cols=${address.columns}`,
  ].filter((part) => part !== '');
  return parts.length > 0 ? `#${parts.join('&')}` : '';
}

/**
 * The address with cameras under the names that they have now.
 * @param newNames by former name
 * @returns `address` itself when it holds no former name
 */
export function withNewNames(address: WallAddress, newNames: ReadonlyMap<string, string>): WallAddress {
  const { order, hidden } = address;
  if (![...order, ...hidden].some((name) => newNames.has(name))) return address;
  const renamed = (all: readonly string[]): string[] => [
    ...new Set(all.map((name) => newNames.get(name) ?? name)),
  ];
  return { ...address, order: renamed(order), hidden: renamed(hidden) };
}

/** `cameras` in the address's order without the hidden ones; new ones come last, in the order given. */
export function arrange(cameras: readonly string[], address: WallAddress): string[] {
  const hidden = new Set(address.hidden);
  const present = new Set(cameras);
  const first = address.order.filter((name) => present.has(name) && !hidden.has(name));
  const placed = new Set(first);
  return [...first, ...cameras.filter((name) => !placed.has(name) && !hidden.has(name))];
}
