import { fetchKeys, fetchSamples, type Sample, type SampleFilter, type VersionPart } from '../api';
import { cursorAfter, PAGE_SIZE } from '../model';
import { isNarrow } from './filter';

/** Enough to scroll back a while; each holds 200 samples. */
const MOST_PAGES = 60;

/** How samples and keys are asked for. */
export interface Source {
  samples: typeof fetchSamples;
  keys: typeof fetchKeys;
}

const SERVER: Source = { samples: fetchSamples, keys: fetchKeys };

/** Samples of one version that pass a filter, fetched a page at a time as they come into sight, in any order. */
export class SamplePages {
  /** How many samples pass; null until the server has said so. */
  total: number | null;
  error: unknown = null;
  #pages = new Map<number, Sample[]>();
  #waiting = new Map<number, Promise<void>>();
  #abort = new AbortController();
  #listeners = new Set<() => void>();
  #changes = 0;

  constructor(
    private readonly project: string,
    private readonly version: VersionPart & { num_samples: number },
    private readonly filter: SampleFilter,
    private readonly source: Source = SERVER,
  ) {
    this.total = this.isFiltered ? null : version.num_samples;
  }

  get isFiltered(): boolean {
    return isNarrow(this.filter);
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
    if (this.at(row)?.row === row) return row;
    for (const [index, samples] of this.#pages) {
      const within = samples.findIndex((sample) => sample.row === row);
      if (within >= 0) return index * PAGE_SIZE + within;
    }
    // In a list of all samples it stands about at its row.
    const isArranged = this.filter.order !== null || this.filter.group !== null;
    return !this.isFiltered && !isArranged && row < (this.total ?? 0) ? row : -1;
  }

  /** Keys of the samples from a place on; nothing but keys is fetched for it. */
  async keys(from: number, count: number): Promise<string[]> {
    const known = Array.from({ length: count }, (_, index) => this.at(from + index)?.key);
    if (known.every((key) => key !== undefined)) return known as string[];
    const page = await this.source.keys(this.project, this.version, this.filter, {
      cursor: cursorAfter(from - 1),
      limit: count,
      signal: this.#abort.signal,
    });
    return page.items;
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

  /** Lets go of pages far from those in sight, but of the first, which tells the columns of a table. */
  keepNear(index: number): void {
    if (this.#pages.size <= MOST_PAGES) return;
    const far = [...this.#pages.keys()]
      .filter((page) => page !== 0)
      .sort((a, b) => Math.abs(b - index) - Math.abs(a - index));
    for (const page of far.slice(0, this.#pages.size - MOST_PAGES)) this.#pages.delete(page);
  }

  async #fetch(index: number): Promise<void> {
    try {
      const page = await this.source.samples(this.project, this.version, this.filter, {
        cursor: cursorAfter(index * PAGE_SIZE - 1),
        limit: PAGE_SIZE,
        signal: this.#abort.signal,
      });
      this.total = page.num_matches;
      this.#pages.set(index, page.items);
      this.error = null;
    } catch (error) {
      if (this.#abort.signal.aborted) return;
      this.error = error;
    }
    this.#tell();
  }

  #tell(): void {
    this.#changes += 1;
    for (const listener of this.#listeners) listener();
  }
}
