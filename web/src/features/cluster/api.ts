import { queryOptions } from '@tanstack/react-query';
import { api, dataOf, type Schemas } from '@/api/client';

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

/** Closes a machine to new tasks, or opens it again, from a drain too. */
export async function setCordoned(name: string, isCordoned: boolean, reason = ''): Promise<void> {
  await api.PATCH('/api/v1/machines/{name}', {
    params: { path: { name } },
    body: { is_cordoned: isCordoned, reason },
  });
}

/** Closes a machine and asks what can be resumed elsewhere to move on. */
export function drainMachine(name: string, reason: string): Promise<Schemas['DrainOut']> {
  return dataOf(api.POST('/api/v1/machines/{name}/drain', { params: { path: { name } }, body: { reason } }));
}

export function putQueue(name: string, body: Schemas['QueuePut']): Promise<Schemas['QueueOut']> {
  return dataOf(api.PUT('/api/v1/queues/{name}', { params: { path: { name } }, body }));
}

export async function deleteQueue(name: string): Promise<void> {
  await api.DELETE('/api/v1/queues/{name}', { params: { path: { name } } });
}
