/** Undo and redo over an immutable value: every change is a new value, steps of one gesture are one entry. */

export interface History<T> {
  past: T[];
  present: T;
  future: T[];
  /** What the newest change was; changes with the same word that follow at once are one entry. */
  tag: string;
  at_ms: number;
}

const MAX_ENTRIES = 200;
const MERGE_WITHIN_MS = 1200;

export function begin<T>(present: T): History<T> {
  return { past: [], present, future: [], tag: '', at_ms: 0 };
}

/** Make a change. With a `tag`, quick changes of the same tag (typing, dragging) can be undone together. */
export function commit<T>(history: History<T>, next: T, tag: string, now_ms: number): History<T> {
  if (next === history.present) return history;
  const merges =
    tag !== '' && tag === history.tag && history.past.length > 0 && now_ms - history.at_ms <= MERGE_WITHIN_MS;
  const past = merges ? history.past : [...history.past, history.present].slice(-MAX_ENTRIES);
  return { past, present: next, future: [], tag, at_ms: now_ms };
}

export function undo<T>(history: History<T>): History<T> {
  const previous = history.past.at(-1);
  if (previous === undefined) return history;
  return {
    past: history.past.slice(0, -1),
    present: previous,
    future: [history.present, ...history.future],
    tag: '',
    at_ms: 0,
  };
}

export function redo<T>(history: History<T>): History<T> {
  const [next, ...future] = history.future;
  if (next === undefined) return history;
  return { past: [...history.past, history.present], present: next, future, tag: '', at_ms: 0 };
}

/** The document being edited, for `useSyncExternalStore`. */
export class Store<T> {
  #history: History<T>;
  readonly #listeners = new Set<() => void>();
  readonly #now: () => number;

  constructor(present: T, now: () => number = Date.now) {
    this.#history = begin(present);
    this.#now = now;
  }

  readonly subscribe = (listener: () => void): (() => void) => {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  };

  readonly get = (): History<T> => this.#history;

  change(next: T | ((present: T) => T), tag = ''): void {
    const value = typeof next === 'function' ? (next as (present: T) => T)(this.#history.present) : next;
    this.#set(commit(this.#history, value, tag, this.#now()));
  }

  undo(): void {
    this.#set(undo(this.#history));
  }

  redo(): void {
    this.#set(redo(this.#history));
  }

  /** Begin anew, as after opening another document. */
  reset(present: T): void {
    this.#set(begin(present));
  }

  #set(history: History<T>): void {
    if (history === this.#history) return;
    this.#history = history;
    for (const listener of this.#listeners) listener();
  }
}
