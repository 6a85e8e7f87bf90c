import { describe, expect, it, vi } from 'vitest';
import { begin, commit, redo, Store, undo } from './history';

describe('history', () => {
  it('undoes and redoes, and a new change ends what could be redone', () => {
    let history = commit(commit(begin('a'), 'b', '', 0), 'c', '', 1);
    history = undo(history);
    expect(history.present).toBe('b');
    expect(redo(history).present).toBe('c');
    history = commit(history, 'd', '', 2);
    expect(redo(history).present).toBe('d');
    expect(undo(undo(undo(history))).present).toBe('a');
  });

  it('takes quick changes of one gesture together', () => {
    let history = commit(begin('a'), 'b', 'type:epochs', 0);
    history = commit(history, 'bc', 'type:epochs', 500);
    expect(undo(history).present).toBe('a');
    history = commit(history, 'bcd', 'type:epochs', 5000);
    expect(undo(history).present).toBe('bc');
    history = commit(history, 'e', 'type:seed', 5001);
    expect(undo(history).present).toBe('bcd');
  });

  it('does not count a change that changes nothing', () => {
    const history = begin('a');
    expect(commit(history, 'a', '', 0)).toBe(history);
  });
});

describe('the store', () => {
  it('tells its listeners of each change and of no others', () => {
    const store = new Store(1, () => 0);
    const heard = vi.fn();
    const stop = store.subscribe(heard);
    store.change((value) => value + 1);
    store.change(2);
    store.undo();
    store.undo();
    expect(heard).toHaveBeenCalledTimes(2);
    stop();
    store.reset(9);
    expect(heard).toHaveBeenCalledTimes(2);
    expect(store.get().present).toBe(9);
  });
});
