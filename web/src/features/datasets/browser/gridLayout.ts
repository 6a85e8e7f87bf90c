import { estimateHeight, type JustifyOptions, justify, type Tile } from '@/viz/justify';
import type { Sample } from '../api';
import { PAGE_SIZE } from '../model';

/** A place of the grid: `position` among all samples, `top` from the grid's top. */
export interface PlacedTile {
  position: number;
  left: number;
  top: number;
  width: number;
  height: number;
}

/** Where samples stand, of which only some are known. */
export interface SampleLayout {
  readonly height: number;
  /** Takes in what was fetched since. */
  refresh(): void;
  /** Where a sample stands. */
  tileOf(position: number): PlacedTile | undefined;
  /** All places between two heights. */
  between(from: number, to: number): PlacedTile[];
}

type Known = (page: number) => Sample[] | undefined;

/** Heights of all pages of a grid, exact for those fetched, and where pictures stand in them. */
export class GridLayout implements SampleLayout {
  #tops: Float64Array;
  #tiles = new Map<number, { samples: Sample[] | undefined; tiles: Tile[]; height: number }>();
  readonly numPages: number;

  constructor(
    private readonly total: number,
    private readonly aspect: number,
    private readonly options: JustifyOptions,
    private readonly known: Known,
  ) {
    this.numPages = Math.ceil(total / PAGE_SIZE);
    this.#tops = new Float64Array(this.numPages + 1);
    this.refresh();
  }

  get height(): number {
    return this.#tops[this.numPages] as number;
  }

  /** Takes in what was fetched since. */
  refresh(): void {
    const full = estimateHeight(PAGE_SIZE, this.aspect, { ...this.options, fills: true });
    const rest = this.total - (this.numPages - 1) * PAGE_SIZE;
    const last = estimateHeight(rest, this.aspect, this.options);
    for (let page = 0; page < this.numPages; page += 1) {
      const guess = page === this.numPages - 1 ? last : full;
      const height =
        this.known(page) === undefined ? (this.#tiles.get(page)?.height ?? guess) : this.#page(page).height;
      this.#tops[page + 1] = (this.#tops[page] as number) + height;
    }
  }

  topOf(page: number): number {
    return this.#tops[Math.min(page, this.numPages)] as number;
  }

  /** The page that stands at a height. */
  pageAt(top: number): number {
    let low = 0;
    let high = this.numPages - 1;
    while (low < high) {
      const middle = (low + high + 1) >> 1;
      if ((this.#tops[middle] as number) <= top) low = middle;
      else high = middle - 1;
    }
    return Math.max(0, low);
  }

  /** Where a sample stands. */
  tileOf(position: number): PlacedTile | undefined {
    const page = Math.floor(position / PAGE_SIZE);
    const tile = this.#page(page).tiles[position % PAGE_SIZE];
    return tile && { ...tile, position, top: tile.top + this.topOf(page) };
  }

  /** All places between two heights. */
  between(from: number, to: number): PlacedTile[] {
    const placed: PlacedTile[] = [];
    for (let page = this.pageAt(from); page < this.numPages && this.topOf(page) < to; page += 1) {
      const start = this.topOf(page);
      for (const tile of this.#page(page).tiles)
        if (start + tile.top + tile.height > from && start + tile.top < to)
          placed.push({ ...tile, position: page * PAGE_SIZE + tile.index, top: start + tile.top });
    }
    return placed;
  }

  #page(page: number): { tiles: Tile[]; height: number } {
    const samples = this.known(page);
    const kept = this.#tiles.get(page);
    if (kept !== undefined && (kept.samples === samples || samples === undefined)) return kept;
    const size = Math.min(PAGE_SIZE, this.total - page * PAGE_SIZE);
    const aspects = samples
      ? samples.map(({ width, height }) => (width && height ? width / height : this.aspect))
      : new Float32Array(Math.max(0, size)).fill(this.aspect);
    const isLast = page === this.numPages - 1;
    const laid = { samples, ...justify(aspects, { ...this.options, fills: !isLast }) };
    if (samples !== undefined) this.#tiles.set(page, laid);
    return laid;
  }
}
