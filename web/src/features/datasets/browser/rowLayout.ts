import type { PlacedTile, SampleLayout } from './gridLayout';
import { HEADING_HEIGHT, lastAtMost, type PlacedHeading, type Section } from './sections';

/** Samples below each other, all of one height, as lines of text or of a table; sections of them below headings. */
export class RowLayout implements SampleLayout {
  #starts: Int32Array;

  constructor(
    private readonly total: number,
    private readonly rowHeight: number,
    private readonly width: number,
    private readonly sections: readonly Section[] = [],
  ) {
    this.#starts = Int32Array.from(sections, ({ start }) => start);
  }

  get height(): number {
    return this.total * this.rowHeight + this.sections.length * HEADING_HEIGHT;
  }

  refresh(): void {
    // Heights never depend on what was fetched.
  }

  tileOf(position: number): PlacedTile | undefined {
    if (position < 0 || position >= this.total) return undefined;
    const headings = this.sections.length === 0 ? 0 : lastAtMost(this.#starts, position) + 1;
    const top = position * this.rowHeight + headings * HEADING_HEIGHT;
    return { position, left: 0, top, width: this.width, height: this.rowHeight };
  }

  between(from: number, to: number): PlacedTile[] {
    const placed: PlacedTile[] = [];
    for (let position = this.#firstBelow(from); position < this.total; position += 1) {
      const tile = this.tileOf(position) as PlacedTile;
      if (tile.top >= to) break;
      placed.push(tile);
    }
    return placed;
  }

  headingsBetween(from: number, to: number): PlacedHeading[] {
    const top = (index: number) =>
      (this.sections[index] as Section).start * this.rowHeight + index * HEADING_HEIGHT;
    const found: PlacedHeading[] = [];
    let low = 0;
    for (let high = this.sections.length - 1; low < high; ) {
      const middle = (low + high + 1) >> 1;
      if (top(middle) <= from) low = middle;
      else high = middle - 1;
    }
    for (let index = low; index < this.sections.length && top(index) < to; index += 1)
      found.push({ section: this.sections[index] as Section, top: top(index) });
    return found;
  }

  /** The first place whose row ends below a height. */
  #firstBelow(from: number): number {
    let low = 0;
    let high = this.total;
    while (low < high) {
      const middle = (low + high) >> 1;
      const { top, height } = this.tileOf(middle) as PlacedTile;
      if (top + height > from) high = middle;
      else low = middle + 1;
    }
    return low;
  }
}
