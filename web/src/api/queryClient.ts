import { QueryClient } from '@tanstack/react-query';
import { isPassing } from './client';

/** Makes the cache of server data. Live events outdate it, so that nothing is polled. */
export function makeQueryClient(): QueryClient {
  return new QueryClient({
    defaultOptions: {
      queries: {
        staleTime: 15_000,
        refetchOnWindowFocus: false,
        retry: (failures, error) => failures < 2 && isPassing(error),
        networkMode: 'always',
      },
      mutations: { networkMode: 'always' },
    },
  });
}
