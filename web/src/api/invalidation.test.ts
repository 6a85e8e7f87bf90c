import { InfiniteQueryObserver, QueryClient } from '@tanstack/react-query';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { Invalidation } from './live';

beforeEach(() => vi.useFakeTimers());
afterEach(() => vi.useRealTimers());

test('an event does not take away the page that is being read, and is not lost', async () => {
  const client = new QueryClient();
  let stock = ['a', 'b', 'c'];
  const answers: (() => void)[] = [];
  const list = new InfiniteQueryObserver(client, {
    queryKey: ['runs', 'default'],
    queryFn: ({ pageParam }) =>
      new Promise<string>((resolve) => answers.push(() => resolve(stock[pageParam] as string))),
    initialPageParam: 0,
    getNextPageParam: (_last, pages) => pages.length,
  });
  const stop = list.subscribe(() => {});
  const answer = () => {
    answers.shift()?.();
    return vi.advanceTimersByTimeAsync(0);
  };
  await answer();
  void list.fetchNextPage();
  await vi.advanceTimersByTimeAsync(0);
  new Invalidation(client).add(['runs', 'default']);
  await vi.advanceTimersByTimeAsync(300);
  await answer();
  expect(list.getCurrentResult().data?.pages).toEqual(['a', 'b']);
  stock = ['x', 'y', 'z'];
  await vi.advanceTimersByTimeAsync(300);
  await answer();
  await answer();
  expect(list.getCurrentResult().data?.pages).toEqual(['x', 'y']);
  stop();
});
