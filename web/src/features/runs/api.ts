import { infiniteQueryOptions, keepPreviousData, queryOptions } from '@tanstack/react-query';
import { api, dataOf, type Schemas } from '@/api/client';
import type { Trial } from '@/viz/search/trials';
import type { RunState } from './model';

export type Run = Schemas['RunOut'];
export type RunDetail = Schemas['RunDetail'];
export type Task = Schemas['TaskOut'];
export type Attempt = Schemas['AttemptOut'];
export type MachineMetrics = Schemas['MachineMetricsOut'];
export type TaskDetail = Schemas['TaskDetail'];
export type LogMatch = Schemas['LogMatchOut'];
export type SearchState = Schemas['SearchState'];
export type TrialOrder = 'trial' | 'value';

const PAGE = 100;

export const runsQuery = (
  project: string,
  state: RunState | undefined,
  pipeline: string | undefined,
  search: string | undefined,
) =>
  infiniteQueryOptions({
    queryKey: ['runs', project, 'list', { state, pipeline, search }],
    queryFn: ({ pageParam }) =>
      dataOf(
        api.GET('/api/v1/projects/{project}/runs', {
          params: { path: { project }, query: { state, pipeline, search, cursor: pageParam, limit: PAGE } },
        }),
      ),
    initialPageParam: null as string | null,
    getNextPageParam: (page) => page.next_cursor ?? undefined,
    placeholderData: keepPreviousData,
  });

export const runQuery = (project: string, id: number) =>
  queryOptions({
    queryKey: ['runs', project, id],
    queryFn: () =>
      dataOf(
        api.GET('/api/v1/projects/{project}/runs/{run_id}', { params: { path: { project, run_id: id } } }),
      ),
  });

export const metricsQuery = (project: string, id: number, attempt: number | undefined) =>
  queryOptions({
    queryKey: ['metrics', project, id, attempt],
    queryFn: () =>
      dataOf(
        api.GET('/api/v1/projects/{project}/tasks/{task_id}/metrics', {
          params: { path: { project, task_id: id }, query: { attempt } },
        }),
      ),
    placeholderData: keepPreviousData,
  });

export const seriesQuery = (
  project: string,
  id: number,
  name: string,
  attempt: number | undefined,
  range: [number, number] | null = null,
) =>
  queryOptions({
    queryKey: ['metrics', project, id, attempt, name, range],
    queryFn: () =>
      dataOf(
        api.GET('/api/v1/projects/{project}/tasks/{task_id}/metrics/{name}', {
          params: {
            path: { project, task_id: id, name },
            query: { attempt, points: 2000, from: range?.[0], to: range?.[1] },
          },
        }),
      ),
    placeholderData: keepPreviousData,
  });

const TRIALS_A_PAGE = 50;

/** The trials of a search, page by page: in their order, or the best first. */
export const trialsQuery = (project: string, id: number, sort: TrialOrder) =>
  infiniteQueryOptions({
    queryKey: ['tasks', project, id, 'trials', 'list', sort],
    queryFn: ({ pageParam }) =>
      dataOf(
        api.GET('/api/v1/projects/{project}/tasks/{task_id}/trials', {
          params: {
            path: { project, task_id: id },
            query: { sort, cursor: pageParam, limit: TRIALS_A_PAGE },
          },
        }),
      ),
    initialPageParam: null as string | null,
    getNextPageParam: (page) => page.next_cursor ?? undefined,
    placeholderData: keepPreviousData,
  });

const MOST_A_PAGE = 500;

/** All trials of a search, a thousand at most, as plots need them; asked anew when another one has begun or ended. */
export const allTrialsQuery = (project: string, { id, search }: Pick<Task, 'id' | 'search'>) =>
  queryOptions({
    queryKey: [
      'tasks',
      project,
      id,
      'trials',
      'all',
      search && [search.done, search.running, search.failed, search.stopped_early],
    ],
    queryFn: async () => {
      const trials: Trial[] = [];
      let cursor: string | null = null;
      do {
        const query: { cursor: string | null; limit: number } = { cursor, limit: MOST_A_PAGE };
        const page: Schemas['Page_TrialOut_'] = await dataOf(
          api.GET('/api/v1/projects/{project}/tasks/{task_id}/trials', {
            params: { path: { project, task_id: id }, query },
          }),
        );
        trials.push(...page.items);
        cursor = page.next_cursor ?? null;
      } while (cursor !== null);
      return trials;
    },
    placeholderData: keepPreviousData,
    gcTime: 10_000,
  });

/** Why a task waits, its place in the queue, and when it will probably start. */
export const whyQuery = (project: string, id: number) =>
  queryOptions({
    queryKey: ['tasks', project, id, 'why'],
    queryFn: () =>
      dataOf(
        api.GET('/api/v1/projects/{project}/tasks/{task_id}/why', {
          params: { path: { project, task_id: id } },
        }),
      ),
  });

/** What a machine and its devices measured between two times; until now while `until` is null. */
export const machineMetricsQuery = (machine: string, since: string, until: string | null) =>
  queryOptions({
    queryKey: ['machine-metrics', machine, since, until],
    queryFn: () =>
      dataOf(
        api.GET('/api/v1/machines/{name}/metrics', {
          params: { path: { name: machine }, query: { since, until: until ?? undefined } },
        }),
      ),
    placeholderData: keepPreviousData,
  });

/** What the functions of an algorithm promise to measure, and which way is better. */
export const algorithmQuery = (project: string, name: string, version: string) =>
  queryOptions({
    queryKey: ['algorithms', project, name, version],
    queryFn: () =>
      dataOf(
        api.GET('/api/v1/projects/{project}/algorithms/{name}', {
          params: { path: { project, name }, query: { version } },
        }),
      ),
    staleTime: Number.POSITIVE_INFINITY,
  });

export async function readLog(
  project: string,
  id: number,
  start: number,
  limit: number,
  attempt: number | undefined,
): Promise<Schemas['LogOut']> {
  return dataOf(
    api.GET('/api/v1/projects/{project}/tasks/{task_id}/log', {
      params: { path: { project, task_id: id }, query: { start, limit, attempt } },
    }),
  );
}

export async function searchLog(
  project: string,
  id: number,
  q: string,
  limit: number,
  attempt: number | undefined,
): Promise<Schemas['LogSearchOut']> {
  return dataOf(
    api.GET('/api/v1/projects/{project}/tasks/{task_id}/log/search', {
      params: { path: { project, task_id: id }, query: { q, limit, attempt } },
    }),
  );
}

export async function cancelRun(project: string, id: number): Promise<Run> {
  return dataOf(
    api.POST('/api/v1/projects/{project}/runs/{run_id}/cancel', {
      params: { path: { project, run_id: id } },
    }),
  );
}

export async function rerun(project: string, id: number, fromNode: string | null): Promise<RunDetail> {
  return dataOf(
    api.POST('/api/v1/projects/{project}/runs/{run_id}/rerun', {
      params: { path: { project, run_id: id } },
      body: { from_node: fromNode, origin: 'ui', priority: 0 },
    }),
  );
}

export async function cancelTask(project: string, id: number): Promise<Task> {
  return dataOf(
    api.POST('/api/v1/projects/{project}/tasks/{task_id}/cancel', {
      params: { path: { project, task_id: id } },
    }),
  );
}
