import type { View } from './view.js';

/**
 * Pages of a view that turn by the clock. Pure. All screens with the same cameras show the same page, because pages turn at
 * whole multiples of their dwell since the Unix epoch, by the server's clock.
 */
export interface Sequence {
  /** At least one; each as long as the first. */
  readonly pages: readonly (readonly string[])[];
  readonly dwellMs: number;
}

/** The cameras of a page are opened so long before its turn, ms: a connection, and the wait for a key frame. */
const LEAD_MS = 8_000;
/** A page has its screen's network for itself at least so long. */
const ALONE_MS = 1_000;

/** The pages of a view: pinned cameras on each, the others in turn; the last page is filled up with the first cameras. */
export function sequenceOf({ cameras, pinned, pages }: Pick<View, 'cameras' | 'pinned' | 'pages'>): Sequence {
  if (!pages || cameras.length <= pages.size) return { pages: [cameras], dwellMs: pages?.dwellMs ?? 0 };
  const staying = cameras.slice(0, pinned);
  const turning = cameras.slice(pinned);
  // Cameras that a token does not cover may leave more pinned ones than the page has places.
  const places = Math.max(1, pages.size - staying.length);
  const count = Math.ceil(turning.length / places);
  const page = (index: number): string[] =>
    Array.from({ length: places }, (_, place) => turning[(index * places + place) % turning.length] ?? '');
  return {
    pages: Array.from({ length: count }, (_, index) => [...staying, ...new Set(page(index))]),
    dwellMs: pages.dwellMs,
  };
}

export interface Turn {
  /** Shown now. */
  readonly page: number;
  /** Shown next. */
  readonly next: number;
  /** Until then, ms. */
  readonly turnsIn: number;
  /** Until the next page's cameras are to be opened, ms; 0 or less: now. */
  readonly preparesIn: number;
}

/** @param now Unix epoch, ms, by the server's clock */
export function turnAt({ pages, dwellMs }: Sequence, now: number): Turn {
  if (pages.length < 2) return { page: 0, next: 0, turnsIn: Infinity, preparesIn: Infinity };
  const page = Math.floor(now / dwellMs) % pages.length;
  const turnsIn = dwellMs - (now % dwellMs);
  const lead = Math.min(LEAD_MS, dwellMs - ALONE_MS);
  return { page, next: (page + 1) % pages.length, turnsIn, preparesIn: turnsIn - lead };
}
