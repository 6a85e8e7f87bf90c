import { infiniteQueryOptions, keepPreviousData, queryOptions } from '@tanstack/react-query';
import { api, dataOf, type Schemas } from '@/api/client';
import type { FUNCTIONS } from '@/viz/graph/colours';

export type Algorithm = Schemas['AlgorithmOut'];
export type AlgorithmDetail = Schemas['AlgorithmDetail'];
export type FunctionName = (typeof FUNCTIONS)[number];

const base = '/api/v1/projects/{project}/algorithms' as const;

/** What the catalogue is narrowed to. */
export interface Narrowing {
  search?: string;
  task?: string;
  function?: FunctionName;
}

export const algorithmsQuery = (project: string, narrowing: Narrowing) =>
  infiniteQueryOptions({
    queryKey: ['algorithms', project, 'list', narrowing],
    queryFn: ({ pageParam }) =>
      dataOf(
        api.GET(base, {
          params: { path: { project }, query: { ...narrowing, cursor: pageParam, limit: 200 } },
        }),
      ),
    initialPageParam: null as string | null,
    getNextPageParam: (page) => page.next_cursor ?? undefined,
    placeholderData: keepPreviousData,
  });

/** How accurate and fast algorithms proved to be in tests and compilations of the project. */
export const benchmarksQuery = (project: string) =>
  queryOptions({
    queryKey: ['algorithms', project, 'benchmarks'],
    queryFn: () =>
      dataOf(api.GET('/api/v1/projects/{project}/benchmarks', { params: { path: { project } } })),
  });

export const algorithmQuery = (project: string, name: string, version: string | undefined) =>
  queryOptions({
    queryKey: ['algorithms', project, 'one', name, version],
    queryFn: () =>
      dataOf(api.GET(`${base}/{name}`, { params: { path: { project, name }, query: { version } } })),
  });

export const filesQuery = (project: string, digest: string) =>
  queryOptions({
    queryKey: ['artifacts', project, digest],
    queryFn: () =>
      dataOf(
        api.GET('/api/v1/projects/{project}/artifacts/{digest}', { params: { path: { project, digest } } }),
      ),
    staleTime: Number.POSITIVE_INFINITY,
  });

export async function install(project: string, uploadId: number): Promise<AlgorithmDetail> {
  return dataOf(api.POST(base, { params: { path: { project } }, body: { upload_id: uploadId, path: null } }));
}

export type Fetch = Schemas['AlgorithmFetch'];

/** Starts the task that fetches an algorithm from a git repository; gives its number. */
export async function fetchAlgorithm(project: string, body: Fetch): Promise<number> {
  return (await dataOf(api.POST(`${base}/fetch`, { params: { path: { project } }, body }))).id;
}

export const logQuery = (project: string, id: number) =>
  queryOptions({
    queryKey: ['tasks', project, id, 'log'],
    queryFn: () =>
      dataOf(
        api.GET('/api/v1/projects/{project}/tasks/{task_id}/log', {
          params: { path: { project, task_id: id }, query: { start: -200, limit: 200 } },
        }),
      ),
  });

export async function uninstall(project: string, name: string): Promise<void> {
  await api.DELETE(`${base}/{name}`, { params: { path: { project, name } } });
}
