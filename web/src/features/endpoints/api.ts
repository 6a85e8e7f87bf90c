import { infiniteQueryOptions, keepPreviousData, queryOptions } from '@tanstack/react-query';
import { api, changeHeaders, dataOf, type Schemas } from '@/api/client';
import { readProblem } from '@/api/problem';
import type { Answer } from './model';

export type Endpoint = Schemas['EndpointOut'];

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
  body: { name: string; model: string; version: number | null },
): Promise<Endpoint> {
  return dataOf(
    api.POST(base, {
      params: { path: { project } },
      body: { ...body, algorithm: null, parameters: {}, priority: 0 },
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
