/**
 * Where the tiles go. Pure geometry: sizes in, rectangles out.
 *
 * A grid tries every number of columns and keeps the one with the largest
 * tiles. Pictures are 16:9; a narrower crop (4:3, then 1:1, on an upright area
 * 3:4) is taken only when it shows at least 15 % more. When tiles would be narrower than 120 px the
 * rest goes to further pages. Beside screens or a pinned person, people stand
 * in a strip that takes less than 30 %, on the side that has room to spare; on
 * an upright stage in two rows when one is too short.
 */

export interface Size { readonly width: number; readonly height: number }
export interface Rect extends Size { readonly x: number; readonly y: number }

export const gap = 8;
export const narrowest = 120;
const aspects = [16 / 9, 4 / 3, 1] as const;
/** A phone held upright: a face fills it better than a wide picture does. */
const upright = 3 / 4;
const worthCropping = 1.15;
const stripShare = 0.28;
const narrowestInStrip = 104;

export interface Grid extends Size {
  readonly columns: number;
  readonly rows: number;
  /** Size of one tile is width x height. */
}

function fit(area: Size, count: number, columns: number, aspect: number): Grid {
  const rows = Math.ceil(count / columns);
  const widest = (area.width - gap * (columns - 1)) / columns;
  const tallest = (area.height - gap * (rows - 1)) / rows;
  const width = Math.max(0, Math.min(widest, tallest * aspect));
  return { columns, rows, width: Math.floor(width), height: Math.floor(width / aspect) };
}

function largest(area: Size, count: number, aspect: number): Grid {
  let best = fit(area, count, 1, aspect);
  for (let columns = 2; columns <= count; columns += 1) {
    const candidate = fit(area, count, columns, aspect);
    if (candidate.width > best.width) best = candidate;
  }
  return best;
}

/** The best grid for count equal tiles in an area. */
export function bestGrid(area: Size, count: number, crop = true): Grid {
  let best = largest(area, count, aspects[0]);
  if (!crop) return best;
  for (const aspect of area.height > area.width ? [...aspects.slice(1), upright] : aspects.slice(1)) {
    const candidate = largest(area, count, aspect);
    if (candidate.width * candidate.height >= best.width * best.height * worthCropping) best = candidate;
  }
  return best;
}

/** How many tiles fit on one page without becoming narrower than 120 px. */
function perPage(area: Size, count: number): number {
  for (let n = count; n > 1; n -= 1) {
    if (bestGrid(area, n).width >= narrowest) return n;
  }
  return Math.min(count, 1);
}

/** Rectangles of a grid, the last row centred, the whole centred. */
export function place(area: Size, grid: Grid, count: number): Rect[] {
  const rows = Math.ceil(count / grid.columns);
  const top = (area.height - rows * grid.height - (rows - 1) * gap) / 2;
  return Array.from({ length: count }, (_, i) => {
    const row = Math.floor(i / grid.columns);
    const inRow = Math.min(grid.columns, count - row * grid.columns);
    const left = (area.width - inRow * grid.width - (inRow - 1) * gap) / 2;
    return {
      x: Math.round(left + (i % grid.columns) * (grid.width + gap)),
      y: Math.round(top + row * (grid.height + gap)),
      width: grid.width,
      height: grid.height,
    };
  });
}

export interface Arrangement {
  /** One rectangle for each focused tile, in order. */
  readonly focus: Rect[];
  /** Rectangles for people, as many as fit on a page. */
  readonly people: Rect[];
  /** How many people one page holds; 0 when there are none. */
  readonly pageSize: number;
}

/** People only. Shows the same tile size on every page, the last one included. */
export function arrangeGrid(area: Size, count: number, page = 0): Arrangement {
  if (count === 0 || area.width <= 0 || area.height <= 0) return { focus: [], people: [], pageSize: 0 };
  const pageSize = perPage(area, count);
  const grid = bestGrid(area, pageSize);
  const shown = Math.max(0, Math.min(pageSize, count - page * pageSize));
  return { focus: [], people: place(area, grid, shown), pageSize };
}

interface Split { readonly main: Size; readonly strip: Rect; readonly grid: Grid }

/** How many tiles of a length stand in a row, at least one. */
function fits(length: number, tile: number): number {
  return Math.max(1, Math.floor((length + gap) / (tile + gap)));
}

function between(low: number, wish: number, high: number): number {
  return Math.max(low, Math.min(wish, high));
}

function beside(area: Size, count: number): Split {
  const widest = Math.min(between(96, area.width * 0.18, 240), area.width * stripShare);
  const shortest = (narrowestInStrip * 9) / 16;
  const tall = Math.min((widest * 9) / 16, Math.max(shortest, (area.height + gap) / count - gap));
  const tile = { width: Math.floor((tall * 16) / 9), height: Math.floor(tall) };
  const main = { width: area.width - tile.width - gap, height: area.height };
  return { main, strip: { x: main.width + gap, y: 0, width: tile.width, height: area.height }, grid: { ...tile, columns: 1, rows: fits(area.height, tile.height) } };
}

/** One row, or two on an upright stage, where a wide screen leaves room above and below anyway. */
function below(area: Size, count: number): Split {
  const most = fits(area.width, narrowestInStrip);
  const rows = area.height > area.width && count > most ? 2 : 1;
  const columns = Math.min(most, Math.ceil(count / rows));
  const aspect = area.width > 600 ? 16 / 9 : 4 / 3;
  const tallest = rows > 1 ? (area.height * stripShare - gap) / rows : Math.min(between(84, area.height * 0.18, 150), area.height * stripShare);
  const wide = Math.min((area.width + gap) / columns - gap, tallest * aspect);
  const tile = { width: Math.floor(wide), height: Math.floor(wide / aspect) };
  const height = rows * (tile.height + gap) - gap;
  const main = { width: area.width, height: area.height - height - gap };
  return { main, strip: { x: 0, y: main.height + gap, width: area.width, height }, grid: { ...tile, columns: rows > 1 ? columns : fits(area.width, tile.width), rows } };
}

function widePicture({ main }: Split): number {
  return Math.min(main.width / 16, main.height / 9);
}

/** The strip stands where it leaves the larger 16:9 picture; beside it when that is about the same. */
function split(area: Size, count: number): Split {
  const side = beside(area, count);
  const foot = below(area, count);
  return widePicture(side) >= widePicture(foot) * 0.95 ? side : foot;
}

/** Screens or a pinned person large, the people in a strip. */
export function arrangeFocus(area: Size, focused: number, count: number, page = 0): Arrangement {
  if (area.width <= 0 || area.height <= 0) return { focus: [], people: [], pageSize: 0 };
  if (count === 0) return { focus: focusRects(area, focused), people: [], pageSize: 0 };
  const { main, strip, grid } = split(area, count);
  const pageSize = Math.max(1, Math.min(count, grid.columns * grid.rows));
  const shown = Math.max(0, Math.min(pageSize, count - page * pageSize));
  const people = place(strip, { ...grid, columns: Math.min(grid.columns, pageSize) }, shown);
  return { focus: focusRects(main, focused), people: people.map((rect) => ({ ...rect, x: rect.x + strip.x, y: rect.y + strip.y })), pageSize };
}

/** Focused tiles fill all the room they get; what they show is never cropped. */
function focusRects(area: Size, count: number): Rect[] {
  if (count === 0) return [];
  const { columns } = bestGrid(area, count, false);
  const rows = Math.ceil(count / columns);
  const height = Math.floor((area.height - gap * (rows - 1)) / rows);
  return Array.from({ length: count }, (_, i) => {
    const row = Math.floor(i / columns);
    const inRow = Math.min(columns, count - row * columns);
    const width = Math.floor((area.width - gap * (inRow - 1)) / inRow);
    return { x: (i % columns) * (width + gap), y: row * (height + gap), width, height };
  });
}
