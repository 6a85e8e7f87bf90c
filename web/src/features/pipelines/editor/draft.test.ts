import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { ProblemError } from '@/api/problem';
import { DraftKeeper, LONGEST_MS, QUIET_MS, quietFor, retryAfter } from './draft';

/** A shelf as the server has it: one draft, a tag for each save, 412 for a wrong one. */
class Shelf {
  draft: string | null = null;
  tag = '0';
  numPuts = 0;
  losesAnswer = false;
  failure: Error | null = null;
  hold: Promise<void> = Promise.resolve();

  readonly get = async () => (this.draft === null ? null : { draft: this.draft, tag: this.tag, at: 'there' });

  readonly put = async (draft: string, tag: string) => {
    await this.#check(tag);
    this.numPuts += 1;
    this.draft = draft;
    this.tag = `1-${this.numPuts}`;
    if (this.losesAnswer) {
      this.losesAnswer = false;
      throw new TypeError('the connection ended');
    }
    return { tag: this.tag, at: `at ${this.numPuts}` };
  };

  readonly remove = async (tag: string) => {
    await this.#check(tag);
    this.draft = null;
    this.tag = '0';
  };

  async #check(tag: string) {
    await this.hold;
    if (this.failure) throw this.failure;
    if (tag !== '*' && tag !== this.tag) throw refused(412);
  }
}

function refused(status: number): ProblemError {
  const rest = { type: '', title: '', hint: '', code: '', instance: '', request_id: '', errors: [] };
  return new ProblemError({ ...rest, status, detail: `refused ${status}` });
}

function keeper(shelf: Shelf) {
  return new DraftKeeper<string>(shelf, (a, b) => a === b, null);
}

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

describe('when to save', () => {
  it('waits for a pause, but not for ever', () => {
    expect(quietFor(0)).toBe(QUIET_MS);
    expect(quietFor(LONGEST_MS - 100)).toBe(100);
    expect(quietFor(LONGEST_MS * 2)).toBe(0);
  });

  it('tries again more and more seldom', () => {
    expect([1, 2, 3, 10].map(retryAfter)).toEqual([2000, 4000, 8000, 60_000]);
  });
});

describe('the draft', () => {
  it('is saved once for many quick changes', async () => {
    const shelf = new Shelf();
    const draft = keeper(shelf);
    for (const text of ['a', 'ab', 'abc']) draft.want(text);
    expect(draft.get()).toEqual({ kind: 'saving' });
    await vi.advanceTimersByTimeAsync(QUIET_MS);
    expect([shelf.draft, shelf.numPuts, draft.get()]).toEqual(['abc', 1, { kind: 'kept', at: 'at 1' }]);
  });

  it('is saved while somebody draws without a pause', async () => {
    const shelf = new Shelf();
    const draft = keeper(shelf);
    for (let at = 0; at <= LONGEST_MS + 200; at += 400) {
      draft.want(`at ${at}`);
      await vi.advanceTimersByTimeAsync(400);
    }
    expect(shelf.numPuts).toBe(1);
  });

  it('goes away when everything is taken back', async () => {
    const shelf = new Shelf();
    const draft = keeper(shelf);
    draft.want('a');
    await draft.flush();
    draft.want(null);
    await vi.advanceTimersByTimeAsync(QUIET_MS);
    expect([shelf.draft, draft.get()]).toEqual([null, { kind: 'none' }]);
  });

  it('keeps what is drawn while a save is under way', async () => {
    const shelf = new Shelf();
    let release = () => {};
    shelf.hold = new Promise((resolve) => {
      release = resolve;
    });
    const draft = keeper(shelf);
    draft.want('a');
    await vi.advanceTimersByTimeAsync(QUIET_MS);
    draft.want('ab');
    release();
    await vi.advanceTimersByTimeAsync(QUIET_MS);
    expect([shelf.draft, shelf.numPuts, draft.isBehind]).toEqual(['ab', 2, false]);
  });

  it('says why it is not saved, and saves when the server is back', async () => {
    const shelf = new Shelf();
    const draft = keeper(shelf);
    shelf.failure = new TypeError('no network');
    draft.want('a');
    await vi.advanceTimersByTimeAsync(QUIET_MS);
    expect(draft.get()).toEqual({ kind: 'failed', error: new TypeError('no network'), isRetried: true });
    shelf.failure = null;
    await vi.advanceTimersByTimeAsync(retryAfter(1));
    expect([shelf.draft, draft.get().kind]).toEqual(['a', 'kept']);
  });

  it('does not take its own save, whose answer was lost, for that of another window', async () => {
    const shelf = new Shelf();
    const draft = keeper(shelf);
    shelf.losesAnswer = true;
    draft.want('a');
    await draft.flush();
    draft.want('ab');
    await vi.advanceTimersByTimeAsync(retryAfter(1) + QUIET_MS);
    expect([draft.get().kind, shelf.draft]).toEqual(['kept', 'ab']);
  });

  it('is sent once when two ask for it at once', async () => {
    const shelf = new Shelf();
    const draft = keeper(shelf);
    draft.want('a');
    const first = draft.flush();
    draft.want('ab');
    expect(await Promise.all([first, draft.flush(), draft.flush()])).toContain(true);
    expect([draft.get().kind, shelf.draft]).toEqual(['kept', 'ab']);
  });

  it('is not sent again and again when the server refuses it', async () => {
    const shelf = new Shelf();
    const draft = keeper(shelf);
    shelf.failure = refused(403);
    draft.want('a');
    await vi.advanceTimersByTimeAsync(100_000);
    expect(draft.get()).toMatchObject({ kind: 'failed', error: { status: 403 }, isRetried: false });
    expect(await draft.flush()).toBe(false);
  });

  it('of two windows is one: the later has to choose, and loses nothing before', async () => {
    const shelf = new Shelf();
    const [here, there] = [keeper(shelf), keeper(shelf)];
    there.want('theirs');
    await there.flush();
    here.want('mine');
    expect(await here.flush()).toBe(false);
    expect([here.get().kind, here.isBehind, shelf.draft]).toEqual(['conflict', true, 'theirs']);
    here.want('mine, drawn on');
    await vi.advanceTimersByTimeAsync(10_000);
    expect(shelf.draft).toBe('theirs');
    here.overwrite();
    await vi.advanceTimersByTimeAsync(0);
    expect([shelf.draft, here.get().kind]).toEqual(['mine, drawn on', 'kept']);
  });

  it('of another window can be taken over', async () => {
    const shelf = new Shelf();
    const [here, there] = [keeper(shelf), keeper(shelf)];
    there.want('theirs');
    await there.flush();
    here.want('mine');
    await here.flush();
    here.accept({ draft: 'theirs', tag: shelf.tag, at: 'now' });
    here.want('theirs and mine');
    expect(await here.flush()).toBe(true);
    expect(shelf.draft).toBe('theirs and mine');
  });
});
