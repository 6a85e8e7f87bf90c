import { queryOptions } from '@tanstack/react-query';
import { api, dataOf } from '@/api/client';

const POLL_MS = 5000;

export const machinesQuery = queryOptions({
  queryKey: ['machines'],
  queryFn: () => dataOf(api.GET('/api/v1/machines')),
  refetchInterval: POLL_MS,
});

/** Tasks that wait for room, oldest first. */
export const queueQuery = (project: string) =>
  queryOptions({
    queryKey: ['tasks', project, 'queue'],
    queryFn: async () => {
      const page = await dataOf(
        api.GET('/api/v1/projects/{project}/tasks', {
          params: { path: { project }, query: { state: 'queued', limit: 200 } },
        }),
      );
      return page.items.reverse();
    },
  });
