/** How many columns and rows of tiles fill a screen best. Pure; sizes in CSS pixels. */

/** How the tiles stand. */
export type Arrangement =
  /** Equal, as large as the screen lets them be. */
  | { readonly kind: 'auto' }
  | { readonly kind: 'columns'; readonly columns: number }
  /** The first tile is large, the others are small beside it. */
  | { readonly kind: 'large' };

export interface Layout {
  readonly columns: number;
  readonly rows: number;
  /** Size of one tile, whole pixels. */
  readonly width: number;
  readonly height: number;
  /** Columns and rows that the first tile spans; 1 where all are equal. */
  readonly span: number;
  /** Space between tiles. */
  readonly gap: number;
  /** The rows do not fit: the page scrolls. */
  readonly scrolls: boolean;
}

const ASPECT = 16 / 9;
/** Below this a face or a plate is not even a blob: scroll rather than shrink on. */
const MIN_TILE_WIDTH = 112;
/** Two columns of a 320 px phone. */
const MIN_TILE_WIDTH_PHONE = 156;
const PHONE_WIDTH = 700;

const gapFor = (count: number): number => (count <= 1 ? 0 : count <= 25 ? 4 : 2);

function fit(columns: number, count: number, width: number, height: number, gap: number): Layout {
  const rows = Math.ceil(count / columns);
  const byWidth = (width - gap * (columns - 1)) / columns;
  const byHeight = ((height - gap * (rows - 1)) / rows) * ASPECT;
  const tile = Math.floor(Math.min(byWidth, byHeight));
  return { columns, rows, width: tile, height: Math.floor(tile / ASPECT), span: 1, gap, scrolls: false };
}

/** Tiles as wide as `columns` columns give, however many rows that needs. */
function flow(columns: number, count: number, width: number, height: number, gap: number): Layout {
  const rows = Math.ceil(count / columns);
  const tile = Math.floor((width - gap * (columns - 1)) / columns);
  const tileHeight = Math.floor(tile / ASPECT);
  return {
    columns,
    rows,
    width: tile,
    height: tileHeight,
    span: 1,
    gap,
    scrolls: rows * (tileHeight + gap) - gap > height,
  };
}

/** The layout of `count` tiles (1 or more) in `width` x `height`. Tiles never get smaller than is of use: then the page scrolls. */
export function layoutFor(count: number, width: number, height: number, arrangement: Arrangement): Layout {
  if (arrangement.kind === 'columns') return inColumns(count, width, height, arrangement.columns);
  return arrangement.kind === 'large' && count > 1
    ? besideLarge(count, width, height)
    : equal(count, width, height);
}

function inColumns(count: number, width: number, height: number, columns: number): Layout {
  const gap = gapFor(count);
  const fixed = Math.min(columns, count);
  const fitted = fit(fixed, count, width, height, gap);
  return fitted.width >= MIN_TILE_WIDTH ? fitted : flow(columns, count, width, height, gap);
}

/** Equal tiles, as large as they can be. */
function equal(count: number, width: number, height: number): Layout {
  const gap = gapFor(count);
  let best = fit(1, count, width, height, gap);
  for (let candidate = 2; candidate <= count; candidate += 1) {
    const layout = fit(candidate, count, width, height, gap);
    if (layout.width > best.width) best = layout;
  }
  return best.width >= Math.min(smallestFor(width), width) ? best : flowing(count, width, height, gap);
}

/** The first tile fills half of a square of places or more, the others stand right of it and below. */
function besideLarge(count: number, width: number, height: number): Layout {
  const gap = gapFor(count);
  const { side, span } = squareFor(count - 1);
  const below = Math.max(0, count - 1 - span * (side - span));
  const rows = span + Math.ceil(below / side);
  const byWidth = (width - gap * (side - 1)) / side;
  const byHeight = ((height - gap * (rows - 1)) / rows) * ASPECT;
  const tile = Math.floor(Math.min(byWidth, byHeight));
  if (tile >= smallestFor(width))
    return { columns: side, rows, width: tile, height: Math.floor(tile / ASPECT), span, gap, scrolls: false };
  // The large one as wide as the screen, the others below.
  const flowed = flowing(count - 1, width, height, gap);
  return { ...flowed, rows: flowed.rows + flowed.columns, span: flowed.columns, scrolls: true };
}

/** The smallest square of places that holds `small` tiles beside the largest one that spans at least half of its side. */
function squareFor(small: number): { readonly side: number; readonly span: number } {
  for (let side = 3; ; side += 1)
    for (let span = side - 1; span >= side / 2; span -= 1)
      if (side * side - span * span >= small) return { side, span };
}

const smallestFor = (width: number): number => (width < PHONE_WIDTH ? MIN_TILE_WIDTH_PHONE : MIN_TILE_WIDTH);

function flowing(count: number, width: number, height: number, gap: number): Layout {
  const columns = Math.max(1, Math.floor((width + gap) / (smallestFor(width) + gap)));
  return flow(columns, count, width, height, gap);
}
