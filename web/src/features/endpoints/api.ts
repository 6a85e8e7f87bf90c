import { infiniteQueryOptions, keepPreviousData, queryOptions } from '@tanstack/react-query';
import { api, changeHeaders, dataOf, type Schemas } from '@/api/client';
import { readProblem } from '@/api/problem';
import type { Answer } from './model';

export type Endpoint = Schemas['EndpointOut'];
export type Deployment = Schemas['DeploymentOut'];

const base = '/api/v1/projects/{project}/endpoints' as const;
const POLL_MS = 5000; // traffic passes without events

export const endpointsQuery = (project: string, search: string | undefined) =>
  infiniteQueryOptions({
    queryKey: ['endpoints', project, 'list', search],
    queryFn: ({ pageParam }) =>
      dataOf(
        api.GET(base, { params: { path: { project }, query: { search, cursor: pageParam, limit: 100 } } }),
      ),
    initialPageParam: null as string | null,
    getNextPageParam: (page) => page.next_cursor ?? undefined,
    placeholderData: keepPreviousData,
    refetchInterval: POLL_MS,
  });

export const endpointQuery = (project: string, name: string) =>
  queryOptions({
    queryKey: ['endpoints', project, 'one', name],
    queryFn: () => dataOf(api.GET(`${base}/{name}`, { params: { path: { project, name } } })),
    refetchInterval: POLL_MS,
  });

/** Times that charts show, in seconds. */
export const RANGES: Record<string, number> = { '1h': 3600, '1d': 86_400, '7d': 604_800 };

/** What an endpoint answered in the last `seconds`. */
export const trafficQuery = (project: string, name: string, seconds: number) =>
  queryOptions({
    queryKey: ['endpoints', project, 'traffic', name, seconds],
    queryFn: () => {
      const since = new Date(Date.now() - seconds * 1000).toISOString();
      const params = { path: { project, name }, query: { since } };
      return dataOf(api.GET(`${base}/{name}/traffic`, { params }));
    },
    refetchInterval: seconds > 3600 ? 60_000 : 2 * POLL_MS,
    placeholderData: keepPreviousData,
  });

/** What an endpoint was given so far; `taskId` is the task that answers now. */
export const deploymentsQuery = (project: string, name: string, taskId: number) =>
  infiniteQueryOptions({
    queryKey: ['endpoints', project, 'deployments', name, taskId],
    queryFn: ({ pageParam }) => {
      const params = { path: { project, name }, query: { cursor: pageParam, limit: 10 } };
      return dataOf(api.GET(`${base}/{name}/deployments`, { params }));
    },
    initialPageParam: null as string | null,
    getNextPageParam: (page) => page.next_cursor ?? undefined,
    placeholderData: keepPreviousData,
    refetchInterval: POLL_MS,
  });

export const logTailQuery = (project: string, taskId: number) =>
  queryOptions({
    queryKey: ['log', project, taskId, 'tail'],
    queryFn: () =>
      dataOf(
        api.GET('/api/v1/projects/{project}/tasks/{task_id}/log', {
          params: { path: { project, task_id: taskId }, query: { start: -500, limit: 500 } },
        }),
      ),
  });

export const modelsQuery = (project: string) =>
  queryOptions({
    queryKey: ['models', project, 'to-deploy'],
    queryFn: () =>
      dataOf(
        api.GET('/api/v1/projects/{project}/models', {
          params: { path: { project }, query: { limit: 500 } },
        }),
      ),
  });

export async function deploy(
  project: string,
  body: {
    name: string;
    model: string;
    version: number | null;
    algorithm?: string;
    parameters?: Record<string, unknown>;
  },
): Promise<Endpoint> {
  return dataOf(
    api.POST(base, {
      params: { path: { project } },
      body: { algorithm: null, parameters: {}, priority: 0, ...body },
    }),
  );
}

export async function stopEndpoint(project: string, name: string): Promise<Endpoint> {
  return dataOf(api.POST(`${base}/{name}/stop`, { params: { path: { project, name } } }));
}

export async function deleteEndpoint(project: string, name: string): Promise<void> {
  await api.DELETE(`${base}/{name}`, { params: { path: { project, name } } });
}

export interface Asked {
  answer: Answer;
  /** From sending to the whole answer, as this browser saw it. */
  seconds: number;
}

/** Send an image file to a served model. */
export async function ask(url: string, file: Blob): Promise<Asked> {
  const began = performance.now();
  const response = await fetch(`${url}/predict`, {
    method: 'POST',
    headers: { ...changeHeaders(), 'Content-Type': file.type || 'application/octet-stream' },
    body: file,
  });
  if (!response.ok) throw await readProblem(response);
  const answer = (await response.json()) as Answer;
  return { answer, seconds: (performance.now() - began) / 1000 };
}
