import { queryOptions } from '@tanstack/react-query';
import { api, dataOf, type Schemas } from '@/api/client';

export type Run = Schemas['RunOut'];
export type Task = Schemas['TaskOut'];

const BASE = '/api/v1/projects/{project}' as const;

/** The newest runs; enough to find what goes on and what failed of late. */
export const recentRunsQuery = (project: string) =>
  queryOptions({
    queryKey: ['runs', project, 'recent'],
    queryFn: async () =>
      (await dataOf(api.GET(`${BASE}/runs`, { params: { path: { project }, query: { limit: 100 } } }))).items,
  });

/** The newest tasks that failed. */
export const failedTasksQuery = (project: string) =>
  queryOptions({
    queryKey: ['tasks', project, 'failed'],
    queryFn: async () =>
      (
        await dataOf(
          api.GET(`${BASE}/tasks`, { params: { path: { project }, query: { state: 'failed', limit: 50 } } }),
        )
      ).items,
  });

/** The tasks of a run that goes on. */
export const runTasksQuery = (project: string, runId: number) =>
  queryOptions({
    queryKey: ['tasks', project, 'run', runId],
    queryFn: async () =>
      (
        await dataOf(
          api.GET(`${BASE}/tasks`, { params: { path: { project }, query: { run_id: runId, limit: 100 } } }),
        )
      ).items,
  });

export const recentDatasetsQuery = (project: string) =>
  queryOptions({
    queryKey: ['datasets', project, 'recent'],
    queryFn: async () =>
      (await dataOf(api.GET(`${BASE}/datasets`, { params: { path: { project }, query: { limit: 5 } } })))
        .items,
  });

export const recentModelsQuery = (project: string) =>
  queryOptions({
    queryKey: ['models', project, 'recent'],
    queryFn: async () =>
      (await dataOf(api.GET(`${BASE}/models`, { params: { path: { project }, query: { limit: 5 } } }))).items,
  });

export const endpointsQuery = (project: string) =>
  queryOptions({
    queryKey: ['endpoints', project, 'overview'],
    queryFn: async () =>
      (await dataOf(api.GET(`${BASE}/endpoints`, { params: { path: { project }, query: { limit: 8 } } })))
        .items,
  });

const MACHINES = 32;
const CLUSTER_EVERY_MS = 10_000;

/** The first machines, and what all have together. */
export const clusterQuery = queryOptions({
  queryKey: ['machines', 'overview'],
  queryFn: () => dataOf(api.GET('/api/v1/machines', { params: { query: { limit: MACHINES } } })),
  refetchInterval: CLUSTER_EVERY_MS,
});
