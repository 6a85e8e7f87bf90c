import { queryOptions } from '@tanstack/react-query';
import { api, dataOf } from '@/api/client';

const POLL_MS = 5000;

export const machinesQuery = queryOptions({
  queryKey: ['machines'],
  queryFn: () => dataOf(api.GET('/api/v1/machines')),
  refetchInterval: POLL_MS,
});

/** Queues that the user may see, the one of each project among them. */
export const queuesQuery = queryOptions({
  queryKey: ['queues'],
  queryFn: async () => {
    const page = await dataOf(api.GET('/api/v1/queues', { params: { query: { limit: 200 } } }));
    return page.items;
  },
  refetchInterval: POLL_MS,
});

/** Tasks of a queue: first those that run, then those that wait, in their order. */
export const queuedQuery = (name: string) =>
  queryOptions({
    queryKey: ['queues', name, 'tasks'],
    queryFn: () =>
      dataOf(api.GET('/api/v1/queues/{name}/tasks', { params: { path: { name }, query: { limit: 200 } } })),
    refetchInterval: POLL_MS,
  });
