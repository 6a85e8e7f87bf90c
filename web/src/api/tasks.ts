import { queryOptions } from '@tanstack/react-query';
import { api, dataOf, type Schemas } from './client';

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

type Task = Schemas['TaskOut'];

/** The newest tasks that came to an end of this kind in the last day, all or those of one algorithm; no trials, which a search makes up for. */
async function endedToday(
  project: string,
  state: 'failed' | 'succeeded' | 'reused',
  algorithm: string | undefined,
  limit: number,
): Promise<Task[]> {
  const finished_after = new Date(Date.now() - DAY_MS).toISOString();
  const query = { state, algorithm, finished_after, trials: false, limit };
  const path = '/api/v1/projects/{project}/tasks';
  return (await dataOf(api.GET(path, { params: { path: { project }, query } }))).items;
}

/** The newest tasks that failed in the last day. */
export const failedTasksQuery = (project: string) =>
  queryOptions({
    queryKey: ['tasks', project, 'failed'],
    queryFn: () => endedToday(project, 'failed', undefined, 20),
  });

/** The newest tasks of an algorithm that failed in the last day, and that nobody made up for. */
export const unsettledTasksQuery = (project: string, algorithm: string) =>
  queryOptions({
    queryKey: ['tasks', project, 'unsettled', algorithm],
    queryFn: async () => {
      const failed = await endedToday(project, 'failed', algorithm, 20);
      if (failed.length === 0) return failed;
      const states = ['succeeded', 'reused'] as const;
      const done = await Promise.all(states.map((state) => endedToday(project, state, algorithm, 500)));
      return unsettled(failed, done.flat());
    },
  });

type Ended = Pick<Task, 'name' | 'finished_at'>;

/** Those for which none of the same name, as of the same dataset, ended well afterwards. */
export function unsettled<T extends Ended>(failed: T[], done: Ended[]): T[] {
  const endOf = ({ finished_at }: Ended) => Date.parse(finished_at ?? '');
  return failed.filter(
    (task) => !done.some((other) => other.name === task.name && endOf(other) > endOf(task)),
  );
}
