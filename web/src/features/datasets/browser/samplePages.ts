import { fetchSamples, type Sample, type SampleFilter, type VersionPart } from '../api';
import { cursorAfterRow, PAGE_SIZE } from '../model';

/** Enough to scroll back a while; each holds 200 samples. */
const MOST_PAGES = 60;

type Fetch = typeof fetchSamples;

/**
 * Samples of one version that pass a filter, fetched a page at a time as they come into sight. Without a filter any
 * page can be fetched first; with one, pages are fetched in order, because only a page says where the next begins.
 */
export class SamplePages {
  /** How many samples pass; null until the server has said so. */
  total: number | null;
  error: unknown = null;
  #pages = new Map<number, Sample[]>();
  #cursors: (string | null)[] = [null];
  #waiting = new Map<number, Promise<void>>();
  #abort = new AbortController();
  #listeners = new Set<() => void>();
  #changes = 0;

  constructor(
    private readonly project: string,
    private readonly version: VersionPart & { num_samples: number },
    private readonly filter: SampleFilter,
    private readonly fetchPage: Fetch = fetchSamples,
  ) {
    this.total = this.isFiltered ? null : version.num_samples;
  }

  get isFiltered(): boolean {
    return this.filter.split !== null || this.filter.label !== null;
  }

  subscribe = (listener: () => void): (() => void) => {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  };

  /** Grows with every change, for useSyncExternalStore. */
  snapshot = (): number => this.#changes;

  page(index: number): Sample[] | undefined {
    return this.#pages.get(index);
  }

  at(position: number): Sample | undefined {
    return this.#pages.get(Math.floor(position / PAGE_SIZE))?.[position % PAGE_SIZE];
  }

  /** Where a sample stands among those fetched; -1 when it is not there. */
  positionOf(row: number): number {
    if (!this.isFiltered) return row < (this.total ?? 0) ? row : -1;
    for (const [index, samples] of this.#pages) {
      const within = samples.findIndex((sample) => sample.row === row);
      if (within >= 0) return index * PAGE_SIZE + within;
    }
    return -1;
  }

  /** Fetches a page unless it is there or on its way. */
  load(index: number): Promise<void> {
    const known = this.#waiting.get(index);
    if (known !== undefined) return known;
    if (this.#pages.has(index) || this.#abort.signal.aborted) return Promise.resolve();
    const loading = this.#fetch(index).finally(() => this.#waiting.delete(index));
    this.#waiting.set(index, loading);
    return loading;
  }

  retry(): void {
    this.error = null;
    this.#tell();
    void this.load(0);
  }

  close(): void {
    this.#abort.abort();
  }

  /** Lets go of pages far from those in sight. */
  keepNear(index: number): void {
    if (this.#pages.size <= MOST_PAGES) return;
    const far = [...this.#pages.keys()].sort((a, b) => Math.abs(b - index) - Math.abs(a - index));
    for (const page of far.slice(0, this.#pages.size - MOST_PAGES)) this.#pages.delete(page);
  }

  async #fetch(index: number): Promise<void> {
    try {
      if (this.isFiltered && this.#cursors.length <= index) await this.#walkTo(index);
      if (this.isFiltered && this.#cursors.length <= index) return;
      const cursor = this.isFiltered ? (this.#cursors[index] ?? null) : cursorAfterRow(index * PAGE_SIZE - 1);
      const page = await this.fetchPage(this.project, this.version, this.filter, {
        cursor,
        limit: PAGE_SIZE,
        signal: this.#abort.signal,
      });
      this.total = page.num_matches;
      if (page.next_cursor !== null && this.#cursors.length === index + 1)
        this.#cursors.push(page.next_cursor);
      this.#pages.set(index, page.items);
      this.error = null;
    } catch (error) {
      if (this.#abort.signal.aborted) return;
      this.error = error;
    }
    this.#tell();
  }

  /** Fetches the pages before one, to learn where it begins. */
  async #walkTo(index: number): Promise<void> {
    while (this.#cursors.length <= index && this.error === null && !this.#abort.signal.aborted) {
      const before = this.#cursors.length;
      await this.load(before - 1);
      if (this.#cursors.length === before) return;
    }
  }

  #tell(): void {
    this.#changes += 1;
    for (const listener of this.#listeners) listener();
  }
}
