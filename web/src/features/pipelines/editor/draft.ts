/** Saves a draft by itself: a moment after the last change, one request at a time, over and over until it is kept. */

import { isPassing } from '@/api/client';
import { ProblemError, toProblem } from '@/api/problem';

export const QUIET_MS = 800;
/** Whoever draws without a pause is saved all the same. */
export const LONGEST_MS = 5000;
const RETRY_FIRST_MS = 2000;
const RETRY_LONGEST_MS = 60_000;
const MOST_UNANSWERED = 20;
const STALE = 412;

export interface Kept {
  tag: string;
  at: string;
}

export interface Draft<T> extends Kept {
  draft: T;
}

/** Where a draft is kept. Changes are refused with 412 when the draft there is not the one of `tag`; `*` is any. */
export interface DraftShelf<T> {
  get: () => Promise<Draft<T> | null>;
  put: (draft: T, tag: string) => Promise<Kept>;
  remove: (tag: string) => Promise<void>;
}

export type DraftState =
  /** Nothing is drawn beyond the revision. */
  | { kind: 'none' }
  | { kind: 'kept'; at: string }
  | { kind: 'saving' }
  | { kind: 'failed'; why: string; why_zh?: string; isUnreachable: boolean; isRetried: boolean }
  /** Another window of the same person has saved. */
  | { kind: 'conflict' };

/** How long after a change, the first of which is `sinceFirst_ms` old, to wait for the next one. */
export function quietFor(sinceFirst_ms: number): number {
  return Math.max(0, Math.min(QUIET_MS, LONGEST_MS - sinceFirst_ms));
}

export function retryAfter(numFailures: number): number {
  return Math.min(RETRY_LONGEST_MS, RETRY_FIRST_MS * 2 ** (numFailures - 1));
}

/** The draft of one pipeline. `null` stands for no draft: what is drawn is the revision. */
export class DraftKeeper<T> {
  #state: DraftState;
  #tag: string;
  #wanted: T | null;
  #kept: T | null;
  #at: string;
  #firstChange_ms = 0;
  #numFailures = 0;
  /** What was sent since the last answer; any of it may have arrived. */
  #unanswered: (T | null)[] = [];
  #timer: ReturnType<typeof setTimeout> | undefined;
  #sending: Promise<void> | null = null;
  readonly #shelf: DraftShelf<T>;
  readonly #isSame: (a: T, b: T) => boolean;
  readonly #listeners = new Set<() => void>();

  constructor(shelf: DraftShelf<T>, isSame: (a: T, b: T) => boolean, kept: Draft<T> | null) {
    this.#shelf = shelf;
    this.#isSame = isSame;
    this.#wanted = this.#kept = kept?.draft ?? null;
    this.#tag = kept?.tag ?? '0';
    this.#at = kept?.at ?? '';
    this.#state = this.#settled();
  }

  readonly subscribe = (listener: () => void): (() => void) => {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  };

  readonly get = (): DraftState => this.#state;

  /** Whether leaving now would lose something. */
  get isBehind(): boolean {
    return !this.#areSame(this.#wanted, this.#kept);
  }

  want(draft: T | null): void {
    if (this.#areSame(draft, this.#wanted)) return;
    if (!this.isBehind) this.#firstChange_ms = Date.now();
    this.#wanted = draft;
    if (this.#state.kind === 'conflict') return;
    this.#numFailures = 0;
    this.#wait(quietFor(Date.now() - this.#firstChange_ms));
  }

  /** Save what is not saved yet, now. Says whether all is kept. */
  async flush(): Promise<boolean> {
    clearTimeout(this.#timer);
    if (this.#state.kind === 'conflict') return false;
    // More than one may wait here; whoever goes first sends, and the others wait for that too.
    while (this.#sending) await this.#sending;
    if (this.isBehind) await this.#send();
    return !this.isBehind;
  }

  /** End a conflict: whatever the other window saved is written over. */
  overwrite(): void {
    this.#tag = '*';
    this.#set({ kind: 'saving' });
    void this.#send();
  }

  /** End a conflict: what the other window saved is the draft now. */
  accept(kept: Draft<T> | null): void {
    this.#wanted = this.#kept = kept?.draft ?? null;
    this.#tag = kept?.tag ?? '0';
    this.#at = kept?.at ?? '';
    this.#set(this.#settled());
  }

  close(): void {
    clearTimeout(this.#timer);
  }

  #areSame(a: T | null, b: T | null): boolean {
    return a === b || (a !== null && b !== null && this.#isSame(a, b));
  }

  #settled(): DraftState {
    if (this.isBehind) return { kind: 'saving' };
    return this.#kept === null ? { kind: 'none' } : { kind: 'kept', at: this.#at };
  }

  #wait(after_ms: number): void {
    clearTimeout(this.#timer);
    if (!this.#sending && !this.isBehind) {
      this.#set(this.#settled());
      return;
    }
    if (this.#state.kind !== 'failed') this.#set({ kind: 'saving' });
    this.#timer = setTimeout(() => void this.flush(), after_ms);
  }

  #send(): Promise<void> {
    this.#sending = this.#attempt().finally(() => {
      this.#sending = null;
    });
    return this.#sending;
  }

  async #attempt(): Promise<void> {
    const draft = this.#wanted;
    this.#firstChange_ms = Date.now();
    try {
      if (draft === null) {
        await this.#shelf.remove(this.#tag);
        this.#tag = '0';
      } else {
        const { tag, at } = await this.#shelf.put(draft, this.#tag);
        this.#tag = tag;
        this.#at = at;
      }
      this.#settle(draft);
    } catch (error) {
      if (!(error instanceof ProblemError && error.status === STALE)) this.#fail(error, draft);
      else await this.#compare(draft).catch((lost) => this.#fail(lost, draft));
    }
  }

  #settle(kept: T | null): void {
    this.#kept = kept;
    this.#unanswered = [];
    this.#numFailures = 0;
    this.#set(this.#settled());
    if (this.isBehind) this.#timer = setTimeout(() => void this.flush(), QUIET_MS);
  }

  /** The draft there has another tag: by another window, or by a save of this one whose answer was lost. */
  async #compare(draft: T | null): Promise<void> {
    const there = await this.#shelf.get();
    const isOwn = [draft, ...this.#unanswered].some((own) => this.#areSame(own, there?.draft ?? null));
    if (!isOwn) return this.#set({ kind: 'conflict' });
    this.#tag = there?.tag ?? '0';
    this.#at = there?.at ?? '';
    this.#settle(there?.draft ?? null);
  }

  #fail(error: unknown, draft: T | null): void {
    this.#numFailures += 1;
    this.#unanswered = [...this.#unanswered, draft].slice(-MOST_UNANSWERED);
    const isRetried = isPassing(error);
    const { detail: why, detail_zh: why_zh, code } = toProblem(error);
    this.#set({ kind: 'failed', why, why_zh, isUnreachable: code === 'unreachable', isRetried });
    if (isRetried) this.#timer = setTimeout(() => void this.flush(), retryAfter(this.#numFailures));
  }

  #set(state: DraftState): void {
    this.#state = state;
    for (const listener of this.#listeners) listener();
  }
}
