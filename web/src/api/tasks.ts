import { queryOptions } from '@tanstack/react-query';
import { api, dataOf } from './client';

/** A task with everything that decided what it did. */
export const taskQuery = (project: string, id: number) =>
  queryOptions({
    queryKey: ['tasks', project, id],
    queryFn: () =>
      dataOf(
        api.GET('/api/v1/projects/{project}/tasks/{task_id}', { params: { path: { project, task_id: id } } }),
      ),
  });

/** What a task left behind, with its files. */
export const outputsQuery = (project: string, id: number) =>
  queryOptions({
    queryKey: ['tasks', project, id, 'outputs'],
    queryFn: () =>
      dataOf(
        api.GET('/api/v1/projects/{project}/tasks/{task_id}/outputs', {
          params: { path: { project, task_id: id } },
        }),
      ),
  });

/** Where a file of an output is downloaded from. */
export function outputFileUrl(project: string, id: number, output: string, path: string): string {
  const parts = path.split('/').map(encodeURIComponent).join('/');
  return `/api/v1/projects/${encodeURIComponent(project)}/tasks/${id}/outputs/${encodeURIComponent(output)}/files/${parts}`;
}

/** The line in which the log of an attempt that is over, the latest by default, tells of an error. */
export const logErrorQuery = (project: string, taskId: number, attempt?: number) =>
  queryOptions({
    queryKey: ['log', project, taskId, attempt, 'error'],
    queryFn: () =>
      dataOf(
        api.GET('/api/v1/projects/{project}/tasks/{task_id}/log/error', {
          params: { path: { project, task_id: taskId }, query: { attempt } },
        }),
      ),
    staleTime: Number.POSITIVE_INFINITY,
    retry: false,
  });

const DAY_MS = 86_400_000;

/** The newest tasks that failed in the last day, all or those of one algorithm. */
export const failedTasksQuery = (project: string, algorithm?: string) =>
  queryOptions({
    queryKey: ['tasks', project, 'failed', algorithm],
    queryFn: async () => {
      const finished_after = new Date(Date.now() - DAY_MS).toISOString();
      const query = { state: 'failed' as const, algorithm, finished_after, limit: 20 };
      const path = '/api/v1/projects/{project}/tasks';
      return (await dataOf(api.GET(path, { params: { path: { project }, query } }))).items;
    },
  });
