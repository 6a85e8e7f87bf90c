import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { atNextTick, every, TICK_MS } from './clock';

beforeEach(() => vi.useFakeTimers({ now: 10_000_130 }));
afterEach(() => vi.useRealTimers());

test('all that keep the same time are called at the same moment, whenever they began', () => {
  const calls: [string, number][] = [];
  const ends = [every(1000, (now) => calls.push(['first', now]))];
  vi.advanceTimersByTime(370);
  ends.push(every(1000, (now) => calls.push(['second', now])));
  vi.advanceTimersByTime(2000);
  expect(calls).toEqual([
    ['first', 10_001_000],
    ['second', 10_001_000],
    ['first', 10_002_000],
    ['second', 10_002_000],
  ]);
  for (const end of ends) end();
  expect(vi.getTimerCount()).toBe(0);
});

test('what waits for a tick is called once', () => {
  const action = vi.fn();
  atNextTick(action);
  vi.advanceTimersByTime(TICK_MS - 131);
  expect(action).not.toHaveBeenCalled();
  vi.advanceTimersByTime(10 * TICK_MS);
  expect(action).toHaveBeenCalledOnce();
  expect(vi.getTimerCount()).toBe(0);
});

test('who ends while a tick goes on ends nobody else', () => {
  const other = vi.fn();
  const end = every(TICK_MS, () => end());
  const endOther = every(TICK_MS, other);
  vi.advanceTimersByTime(2 * TICK_MS);
  expect(other).toHaveBeenCalledTimes(2);
  endOther();
});
