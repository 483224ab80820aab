/** How many columns and rows of equal tiles fill a screen best. Pure; sizes in CSS pixels. */

export interface Layout {
  readonly columns: number;
  readonly rows: number;
  /** Size of one tile, whole pixels. */
  readonly width: number;
  readonly height: number;
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
  return { columns, rows, width: tile, height: Math.floor(tile / ASPECT), gap, scrolls: false };
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
    gap,
    scrolls: rows * (tileHeight + gap) - gap > height,
  };
}

/**
 * The layout of `count` tiles (1 or more) in `width` x `height` with the largest tiles; with `columns` fixed, those.
 * Tiles never get smaller than is of use: then the page scrolls.
 */
export function layoutFor(
  count: number,
  width: number,
  height: number,
  columns: number | null = null,
): Layout {
  const gap = gapFor(count);
  if (columns !== null) {
    const fixed = Math.min(columns, count);
    const fitted = fit(fixed, count, width, height, gap);
    return fitted.width >= MIN_TILE_WIDTH ? fitted : flow(columns, count, width, height, gap);
  }
  let best = fit(1, count, width, height, gap);
  for (let candidate = 2; candidate <= count; candidate += 1) {
    const layout = fit(candidate, count, width, height, gap);
    if (layout.width > best.width) best = layout;
  }
  const smallest = width < PHONE_WIDTH ? MIN_TILE_WIDTH_PHONE : MIN_TILE_WIDTH;
  if (best.width >= Math.min(smallest, width)) return best;
  return flow(Math.max(1, Math.floor((width + gap) / (smallest + gap))), count, width, height, gap);
}
