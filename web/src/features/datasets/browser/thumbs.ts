import { thumbnailsUrl } from '@/api/thumbnails';

export type ThumbSize = 160 | 400;

/** Files of rows; a row without one has an image that cannot be drawn. */
export type FetchThumbs = (rows: number[], signal: AbortSignal) => Promise<Map<number, Blob>>;

/** Told the address of a picture, or null when it cannot be had. */
type Listener = (url: string | null) => void;

/** So many requests at once share the work of the server's processors, and the first pictures are there soon. */
const MOST_REQUESTS = 4;
const [FEWEST_ROWS, MOST_ROWS] = [8, 24];
const MOST_BYTES = 48 << 20;

/** How many rows to ask for when so many wait. */
export function rowsOfRequest(numWaiting: number): number {
  return Math.min(MOST_ROWS, Math.max(FEWEST_ROWS, Math.ceil(numWaiting / MOST_REQUESTS)));
}

/** Small pictures of one version in one size, many in a request; what is in sight comes first. */
export class Thumbs {
  #kept = new Map<number, { url: string | null; bytes: number }>();
  #keptBytes = 0;
  #waiting = new Map<number, { listeners: Set<Listener>; isInSight: boolean }>();
  #numRequests = 0;
  #isPlanned = false;
  #abort = new AbortController();

  constructor(private readonly fetchThumbs: FetchThumbs) {}

  /** The address of a picture that is here; undefined until it is. */
  url(row: number): string | null | undefined {
    const kept = this.#kept.get(row);
    if (kept === undefined) return undefined;
    this.#kept.delete(row); // the last that was looked at stands last
    this.#kept.set(row, kept);
    return kept.url;
  }

  /** Tells once the picture is here; returns how to say that it is no longer wanted. */
  want(row: number, isInSight: boolean, listener: Listener): () => void {
    const found = this.#waiting.get(row) ?? { listeners: new Set(), isInSight };
    found.listeners.add(listener);
    found.isInSight ||= isInSight;
    this.#waiting.set(row, found);
    this.#plan();
    return () => {
      found.listeners.delete(listener);
      if (found.listeners.size === 0 && this.#waiting.get(row) === found) this.#waiting.delete(row);
    };
  }

  /** Lets go of everything. */
  close(): void {
    this.#abort.abort();
    this.#abort = new AbortController();
    this.#waiting.clear();
    for (const row of [...this.#kept.keys()]) this.#drop(row);
  }

  /** Everything that one drawing asks for goes together. */
  #plan(): void {
    if (this.#isPlanned) return;
    this.#isPlanned = true;
    queueMicrotask(() => {
      this.#isPlanned = false;
      const inOrder = [...this.#waiting].sort(([, a], [, b]) => Number(b.isInSight) - Number(a.isInSight));
      const size = rowsOfRequest(inOrder.length);
      for (let start = 0; start < inOrder.length && this.#numRequests < MOST_REQUESTS; start += size)
        void this.#send(new Map(inOrder.slice(start, start + size)));
    });
  }

  async #send(wanted: Map<number, { listeners: Set<Listener> }>): Promise<void> {
    for (const row of wanted.keys()) this.#waiting.delete(row);
    this.#numRequests += 1;
    const { signal } = this.#abort;
    const found = await this.fetchThumbs([...wanted.keys()], signal).catch(() => null);
    this.#numRequests -= 1;
    if (signal.aborted) return;
    for (const [row, { listeners }] of wanted) {
      // A request that failed is asked again when the picture is drawn again.
      const url = found === null ? null : this.#keep(row, found.get(row));
      for (const listener of listeners) listener(url);
    }
    if (this.#waiting.size > 0) this.#plan();
  }

  #keep(row: number, file: Blob | undefined): string | null {
    this.#drop(row);
    const url = file ? URL.createObjectURL(file) : null;
    const bytes = file?.size ?? 0;
    this.#kept.set(row, { url, bytes });
    this.#keptBytes += bytes;
    for (const old of this.#kept.keys()) {
      if (this.#keptBytes <= MOST_BYTES || old === row) break;
      this.#drop(old);
    }
    return url;
  }

  #drop(row: number): void {
    const kept = this.#kept.get(row);
    if (kept === undefined) return;
    this.#kept.delete(row);
    this.#keptBytes -= kept.bytes;
    if (kept.url !== null) URL.revokeObjectURL(kept.url);
  }
}

/** Asks the server for small pictures of a version. */
export function thumbsOf(
  project: string,
  version: { name: string; version: number },
  size: ThumbSize,
): Thumbs {
  return new Thumbs(async (rows, signal) => {
    const answer = await fetch(thumbnailsUrl(project, version, rows, size), { signal });
    if (!answer.ok) throw new Error(`HTTP ${answer.status}`);
    const files = await answer.formData();
    return new Map([...files].map(([row, file]) => [Number(row), file as Blob]));
  });
}
