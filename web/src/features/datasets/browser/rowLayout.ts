import type { PlacedTile, SampleLayout } from './gridLayout';

/** Samples below each other, all of one height, as lines of text or of a table. */
export class RowLayout implements SampleLayout {
  constructor(
    private readonly total: number,
    private readonly rowHeight: number,
    private readonly width: number,
  ) {}

  get height(): number {
    return this.total * this.rowHeight;
  }

  refresh(): void {
    // Heights never depend on what was fetched.
  }

  tileOf(position: number): PlacedTile | undefined {
    if (position < 0 || position >= this.total) return undefined;
    return { position, left: 0, top: position * this.rowHeight, width: this.width, height: this.rowHeight };
  }

  between(from: number, to: number): PlacedTile[] {
    const first = Math.max(0, Math.floor(from / this.rowHeight));
    const end = Math.min(this.total, Math.ceil(to / this.rowHeight));
    return Array.from(
      { length: Math.max(0, end - first) },
      (_, index) => this.tileOf(first + index) as PlacedTile,
    );
  }
}
