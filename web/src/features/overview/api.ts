import { queryOptions } from '@tanstack/react-query';
import { api, dataOf, type Schemas } from '@/api/client';

export type Run = Schemas['RunOut'];
export type GoingRun = Schemas['GoingRunOut'];

const BASE = '/api/v1/projects/{project}' as const;

/** The newest runs; enough to find some that are over. */
export const recentRunsQuery = (project: string) =>
  queryOptions({
    queryKey: ['runs', project, 'recent'],
    queryFn: async () =>
      (await dataOf(api.GET(`${BASE}/runs`, { params: { path: { project }, query: { limit: 20 } } }))).items,
  });

/** So many runs that go on are shown; the list of runs has all. */
const GOING_ON = 6;
const PROGRESS_EVERY_MS = 2000;

/** What goes on, one's own first, each with the step that it is at: one request for all rows. */
export const goingOnQuery = (project: string) =>
  queryOptions({
    queryKey: ['runs', project, 'going-on'],
    queryFn: () =>
      dataOf(api.GET(`${BASE}/runs/going_on`, { params: { path: { project }, query: { limit: GOING_ON } } })),
    // Progress is told without an event, so that it is asked for while something goes on.
    refetchInterval: ({ state }) => (state.data?.items.length ? PROGRESS_EVERY_MS : false),
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
