import { infiniteQueryOptions, keepPreviousData, queryOptions } from '@tanstack/react-query';
import { api, dataOf, type Schemas } from '@/api/client';

export type Model = Schemas['ModelOut'];
export type ModelVersion = Schemas['ModelVersionDetail'];
export type Evaluation = Schemas['EvaluationOut'];

const BASE = '/api/v1/projects/{project}/models' as const;

export const modelsQuery = (
  project: string,
  search: string | undefined,
  sort: 'name' | 'updated',
  order: 'asc' | 'desc',
) =>
  infiniteQueryOptions({
    queryKey: ['models', project, 'list', search, sort, order],
    queryFn: ({ pageParam }) =>
      dataOf(
        api.GET(BASE, {
          params: { path: { project }, query: { search, sort, order, cursor: pageParam, limit: 100 } },
        }),
      ),
    initialPageParam: null as string | null,
    getNextPageParam: (page) => page.next_cursor ?? undefined,
    placeholderData: keepPreviousData,
  });

export const modelQuery = (project: string, name: string) =>
  queryOptions({
    queryKey: ['models', project, 'one', name],
    queryFn: () => dataOf(api.GET(`${BASE}/{name}`, { params: { path: { project, name } } })),
  });

export const modelVersionQuery = (project: string, name: string, version: number) =>
  queryOptions({
    queryKey: ['models', project, 'one', name, version],
    queryFn: () =>
      dataOf(api.GET(`${BASE}/{name}/versions/{version}`, { params: { path: { project, name, version } } })),
  });

export const modelCardQuery = (project: string, name: string, version: number, language: 'en' | 'zh') =>
  queryOptions({
    queryKey: ['models', project, 'one', name, version, 'card', language],
    queryFn: () =>
      dataOf(
        api.GET(`${BASE}/{name}/versions/{version}/card`, {
          params: { path: { project, name, version }, query: { language } },
        }),
      ),
  });

export function modelFileUrl(project: string, name: string, version: number, path: string): string {
  const parts = [project, 'models', name, 'versions', version, 'files', ...path.split('/')];
  return `/api/v1/projects/${parts.map(encodeURIComponent).join('/')}`;
}

export async function deleteModel(project: string, name: string): Promise<void> {
  await api.DELETE(`${BASE}/{name}`, { params: { path: { project, name } } });
}

export function deployModel(
  project: string,
  body: Schemas['EndpointCreate'],
): Promise<Schemas['EndpointOut']> {
  return dataOf(api.POST('/api/v1/projects/{project}/endpoints', { params: { path: { project } }, body }));
}
