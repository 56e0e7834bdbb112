/** Smallest tile of the overview in CSS pixels: 60 fit on 1920x1080 below the header. */
export const MIN_TILE = { width: 180, height: 160 };
const MAX_TILE_WIDTH = 420;
/** Height of a tile divided by its width. */
const ASPECT = 0.86;
const GAP = 6;

export interface Grid {
  readonly columns: number;
  readonly tileWidth: number;
  readonly tileHeight: number;
}

/**
 * Returns the largest tiles with which `count` fit on an area without scrolling; the smallest
 * tiles, which then scroll, if there are too many.
 *
 * @param shrink Fit in any case, however small, as on a wall display, which cannot scroll.
 */
export function fitGrid(count: number, { width, height, shrink = false }: {
  readonly width: number;
  readonly height: number;
  readonly shrink?: boolean;
}): Grid {
  const limit = Math.max(1, count);
  const tileOf = (columns: number): Grid => {
    const tileWidth = Math.min(MAX_TILE_WIDTH, Math.floor((width - GAP * (columns - 1)) / columns));
    const rows = Math.ceil(limit / columns);
    const available = Math.floor((height - GAP * (rows - 1)) / rows);
    const tileHeight = Math.min(Math.floor(tileWidth * ASPECT * 1.1), available);
    return { columns, tileWidth, tileHeight };
  };
  let best: Grid | undefined;
  const sizeOf = ({ tileWidth, tileHeight }: Grid) => Math.min(tileWidth * ASPECT, tileHeight);
  for (let columns = 1; columns <= limit; columns++) {
    const grid = tileOf(columns);
    const isLarge = grid.tileWidth >= MIN_TILE.width && grid.tileHeight >= MIN_TILE.height;
    if (!isLarge && !shrink) continue;
    if (!best || sizeOf(grid) > sizeOf(best)) best = grid;
  }
  if (best) return best;
  const columns = Math.max(1, Math.floor((width + GAP) / (MIN_TILE.width + GAP)));
  const tileWidth = Math.floor((width - GAP * (columns - 1)) / columns);
  return { columns, tileWidth, tileHeight: MIN_TILE.height };
}

/** Index after an arrow key in a grid; the same at an edge. */
export function moveInGrid(index: number, { key, columns, count }: {
  readonly key: string;
  readonly columns: number;
  readonly count: number;
}): number {
  const steps: Readonly<Record<string, number>> = {
    ArrowLeft: -1,
    ArrowRight: 1,
    ArrowUp: -columns,
    ArrowDown: columns,
  };
  const next = index + (steps[key] ?? 0);
  return next < 0 || next >= count ? index : next;
}
