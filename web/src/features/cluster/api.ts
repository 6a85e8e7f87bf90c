import { keepPreviousData, queryOptions } from '@tanstack/react-query';
import { api, dataOf, type Schemas } from '@/api/client';
import { type MachineState, PAGE } from './model';

const POLL_MS = 5000;

export interface MachineFilter {
  query?: string;
  cluster?: string;
  kind?: string;
  state?: MachineState;
}

/** A page of the machines that match, and what all that match have together. */
export const machinesQuery = (wanted: MachineFilter, page = 0) =>
  queryOptions({
    queryKey: ['machines', 'page', wanted, page],
    queryFn: () =>
      dataOf(
        api.GET('/api/v1/machines', {
          params: { query: { ...wanted, offset: page * PAGE, limit: PAGE } },
        }),
      ),
    refetchInterval: POLL_MS,
    placeholderData: page === 0 ? keepPreviousData : undefined,
  });

/** What all machines have together. */
export const totalQuery = queryOptions({
  queryKey: ['machines', 'total'],
  queryFn: () => dataOf(api.GET('/api/v1/machines', { params: { query: { limit: 0 } } })),
  refetchInterval: POLL_MS,
});

export const machineQuery = (name: string) =>
  queryOptions({
    queryKey: ['machines', 'one', name],
    queryFn: () => dataOf(api.GET('/api/v1/machines/{name}', { params: { path: { name } } })),
    refetchInterval: POLL_MS,
  });

/** Seconds back from now that charts can show. */
export const RANGES: Record<string, number> = { '10m': 600, '1h': 3600, '1d': 86_400, '7d': 604_800 };

/** What a machine measured in the last `seconds`. */
export const machineMetricsQuery = (name: string, seconds: number) =>
  queryOptions({
    queryKey: ['machines', 'metrics', name, seconds],
    queryFn: () => {
      const since = new Date(Date.now() - seconds * 1000).toISOString();
      return dataOf(
        api.GET('/api/v1/machines/{name}/metrics', { params: { path: { name }, query: { since } } }),
      );
    },
    refetchInterval: seconds > 3600 ? 60_000 : POLL_MS,
    placeholderData: keepPreviousData,
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

export function putQueue(name: string, body: Schemas['QueuePut']): Promise<Schemas['QueueOut']> {
  return dataOf(api.PUT('/api/v1/queues/{name}', { params: { path: { name } }, body }));
}

export async function deleteQueue(name: string): Promise<void> {
  await api.DELETE('/api/v1/queues/{name}', { params: { path: { name } } });
}
