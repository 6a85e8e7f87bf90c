/** Where one picture of a grid stands, in pixels from the grid's top left. */
export interface Tile {
  index: number;
  left: number;
  top: number;
  width: number;
  height: number;
}

export interface Justified {
  tiles: Tile[];
  height: number;
}

/** Panoramas and slips are cropped rather than allowed to break a row. */
const NARROWEST = 0.5;
const WIDEST = 2.6;

export interface JustifyOptions {
  width: number;
  rowHeight: number;
  gap?: number;
  /** Whether the last row fills the width too, as where more pictures follow below. */
  fills?: boolean;
}

/** Lays pictures in rows that fill `width`, each about `rowHeight` high. */
export function justify(aspects: ArrayLike<number>, options: JustifyOptions): Justified {
  const { width, gap = 4 } = options;
  const tiles: Tile[] = [];
  let top = 0;
  let first = 0;
  for (const { end, isOpen } of breakRows(aspects, options)) {
    let sum = 0;
    for (let index = first; index < end; index += 1) sum += bounded(aspects[index]);
    const height = isOpen ? width / rowShare(aspects, options) : (width - (end - first - 1) * gap) / sum;
    let left = 0;
    for (let index = first; index < end; index += 1) {
      const tileWidth = bounded(aspects[index]) * height;
      tiles.push({ index, left, top, width: tileWidth, height });
      left += tileWidth + gap;
    }
    top += height + gap;
    first = end;
  }
  return { tiles, height: top };
}

/**
 * Ends of the rows: cuts where the sum of aspects comes nearest to equal shares, so that pictures of one shape stand
 * in columns. A last row with room left is open unless it has to fill.
 */
function breakRows(aspects: ArrayLike<number>, options: JustifyOptions): { end: number; isOpen: boolean }[] {
  const share = rowShare(aspects, options);
  const rows = Math.round(totalOf(aspects) / share);
  const ends: { end: number; isOpen: boolean }[] = [];
  let sum = 0;
  for (let index = 0; index < aspects.length; index += 1) {
    const next = bounded(aspects[index]);
    const cut = share * (ends.length + 1);
    const start = ends.at(-1)?.end ?? 0;
    const mayCut = !options.fills || ends.length + 1 < rows;
    if (mayCut && index > start && cut - sum < sum + next - cut) ends.push({ end: index, isOpen: false });
    sum += next;
  }
  if (aspects.length > 0) {
    const filled = sum - share * ends.length;
    ends.push({ end: aspects.length, isOpen: !options.fills && filled < share * 0.8 });
  }
  return ends;
}

/** The sum of aspects that a row holds: about a whole number of pictures, as many in every row. */
function rowShare(aspects: ArrayLike<number>, { width, rowHeight, fills }: JustifyOptions): number {
  const total = totalOf(aspects);
  const perRow = Math.max(1, Math.round((width / rowHeight) * (aspects.length / total)));
  const rows = aspects.length / perRow;
  return total / (fills ? Math.max(1, Math.round(rows)) : rows);
}

function totalOf(aspects: ArrayLike<number>): number {
  let total = 0;
  for (let index = 0; index < aspects.length; index += 1) total += bounded(aspects[index]);
  return total;
}

function bounded(aspect: number | undefined): number {
  return Math.min(WIDEST, Math.max(NARROWEST, aspect || 1));
}

/** About how high `count` pictures of one aspect will stand. */
export function estimateHeight(count: number, aspect: number, options: JustifyOptions): number {
  return justify(new Float32Array(count).fill(aspect), options).height;
}
