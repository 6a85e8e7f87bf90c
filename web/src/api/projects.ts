import { queryOptions, useQuery } from '@tanstack/react-query';
import { api, dataOf, type Schemas } from './client';

export type Project = Schemas['ProjectOut'];

/** One project, as far as one is a member of it. */
export const projectQuery = (project: string) =>
  queryOptions({
    queryKey: ['projects', project],
    queryFn: () => dataOf(api.GET('/api/v1/projects/{project}', { params: { path: { project } } })),
    staleTime: 60_000,
  });

/** The projects that one is a member of, by name. */
export const projectsQuery = queryOptions({
  queryKey: ['projects'],
  queryFn: async () =>
    (await dataOf(api.GET('/api/v1/projects', { params: { query: { limit: 500 } } }))).items,
  staleTime: 60_000,
});

/** Whether one may change things of a project. Viewers may not, and are not offered what would be refused. */
export function useMayChange(project: string): boolean {
  return useQuery(projectQuery(project)).data?.role !== 'viewer';
}

/** Whether one may administer a project. Others are not offered what would be refused. */
export function useMayAdminister(project: string): boolean {
  return useQuery(projectQuery(project)).data?.role === 'admin';
}
