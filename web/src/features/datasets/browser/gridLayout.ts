import { estimateHeight, type JustifyOptions, justify, type Tile } from '@/viz/justify';
import type { Sample } from '../api';
import { PAGE_SIZE } from '../model';
import { HEADING_HEIGHT, lastAtMost, type PlacedHeading, type Section } from './sections';

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
  /** Headings between two heights, and the last one above them. */
  headingsBetween(from: number, to: number): PlacedHeading[];
}

type Known = (page: number) => Sample[] | undefined;

/** Samples that are laid out together: at most a page of them, all of one section. */
interface Block {
  start: number;
  count: number;
  /** The pages that hold it, which may be one. */
  firstPage: number;
  lastPage: number;
  /** Its height as long as they are not there. */
  guess: number;
  /** The section whose heading stands above it; null for none. */
  heading: Section | null;
  /** Whether nothing follows in its section, so that its last row may stay open. */
  isLast: boolean;
}

interface LaidBlock {
  /** The pages it was laid out from. */
  first: Sample[] | undefined;
  second: Sample[] | undefined;
  tiles: Tile[];
  height: number;
}

/** Heights of all blocks of a grid, exact for those fetched, and where pictures stand in them. */
export class GridLayout implements SampleLayout {
  #blocks: Block[] = [];
  #starts: Int32Array;
  /** [blocks + 1], the heading of each included; the last is the height of all. */
  #tops: Float64Array;
  #guesses = new Map<number, number>();
  #laid = new Map<number, LaidBlock>();

  /** With `sections` those of the list, in its order; null where it has no headings. */
  constructor(
    total: number,
    private readonly aspect: number,
    private readonly options: JustifyOptions,
    private readonly known: Known,
    sections: readonly Section[] | null = null,
  ) {
    for (const section of sections ?? [{ start: 0, count: total }])
      for (let done = 0; done < section.count; done += PAGE_SIZE) {
        const start = section.start + done;
        const count = Math.min(PAGE_SIZE, section.count - done);
        const isLast = done + PAGE_SIZE >= section.count;
        this.#blocks.push({
          start,
          count,
          firstPage: Math.floor(start / PAGE_SIZE),
          lastPage: Math.floor((start + count - 1) / PAGE_SIZE),
          guess: this.#guess(count, isLast),
          heading: done === 0 && 'id' in section ? section : null,
          isLast,
        });
      }
    this.#starts = new Int32Array(this.#blocks.length);
    for (let index = 0; index < this.#blocks.length; index += 1)
      this.#starts[index] = (this.#blocks[index] as Block).start;
    this.#tops = new Float64Array(this.#blocks.length + 1);
    this.refresh();
  }

  get height(): number {
    return this.#tops[this.#blocks.length] as number;
  }

  /** Takes in what was fetched since. */
  refresh(): void {
    for (let index = 0; index < this.#blocks.length; index += 1) {
      const block = this.#blocks[index] as Block;
      const height = this.#isKnown(block)
        ? this.#lay(index).height
        : (this.#laid.get(index)?.height ?? block.guess);
      this.#tops[index + 1] = (this.#tops[index] as number) + headingOf(block) + height;
    }
  }

  /** Where a block begins, its heading included. */
  topOf(block: number): number {
    return this.#tops[Math.min(block, this.#blocks.length)] as number;
  }

  /** Where a sample stands. */
  tileOf(position: number): PlacedTile | undefined {
    const index = lastAtMost(this.#starts, position);
    const block = this.#blocks[index];
    const tile = block && this.#lay(index).tiles[position - block.start];
    return tile && { ...tile, position, top: tile.top + this.topOf(index) + headingOf(block) };
  }

  /** All places between two heights. */
  between(from: number, to: number): PlacedTile[] {
    const placed: PlacedTile[] = [];
    for (let index = lastAtMost(this.#tops, from); index < this.#blocks.length; index += 1) {
      const block = this.#blocks[index] as Block;
      const start = this.topOf(index) + headingOf(block);
      if (this.topOf(index) >= to) break;
      for (const tile of this.#lay(index).tiles)
        if (start + tile.top + tile.height > from && start + tile.top < to)
          placed.push({ ...tile, position: block.start + tile.index, top: start + tile.top });
    }
    return placed;
  }

  headingsBetween(from: number, to: number): PlacedHeading[] {
    const found: PlacedHeading[] = [];
    let index = Math.min(lastAtMost(this.#tops, from), this.#blocks.length - 1);
    while (index > 0 && this.#blocks[index]?.heading === null) index -= 1;
    for (; index >= 0 && index < this.#blocks.length && this.topOf(index) < to; index += 1) {
      const section = this.#blocks[index]?.heading;
      if (section) found.push({ section, top: this.topOf(index) });
    }
    return found;
  }

  #isKnown({ firstPage, lastPage }: Block): boolean {
    if (this.known(firstPage) === undefined) return false;
    return lastPage === firstPage || this.known(lastPage) !== undefined;
  }

  /** About how high a block stands whose pictures are not known. */
  #guess(count: number, isLast: boolean): number {
    const key = isLast ? count : -count;
    let guess = this.#guesses.get(key);
    if (guess === undefined) {
      guess = estimateHeight(count, this.aspect, { ...this.options, fills: !isLast });
      this.#guesses.set(key, guess);
    }
    return guess;
  }

  #lay(index: number): LaidBlock {
    const block = this.#blocks[index] as Block;
    const [first, second] = [this.known(block.firstPage), this.known(block.lastPage)];
    const isKnown = first !== undefined && second !== undefined;
    const kept = this.#laid.get(index);
    if (kept !== undefined && (!isKnown || (kept.first === first && kept.second === second))) return kept;
    const aspects = new Float32Array(block.count).fill(this.aspect);
    if (isKnown)
      for (let at = 0; at < block.count; at += 1) {
        const position = block.start + at;
        const page =
          Math.floor(position / PAGE_SIZE) === Math.floor(block.start / PAGE_SIZE) ? first : second;
        const { width, height } = page[position % PAGE_SIZE] ?? {};
        if (width && height) aspects[at] = width / height;
      }
    const laid = { first, second, ...justify(aspects, { ...this.options, fills: !block.isLast }) };
    if (isKnown) this.#laid.set(index, laid);
    return laid;
  }
}

function headingOf(block: Block): number {
  return block.heading === null ? 0 : HEADING_HEIGHT;
}
