import { queryOptions } from '@tanstack/react-query';
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

/** Whether one may change anything in a project. Until that is known it is taken to be so: the server checks. */
export const mayChangeQuery = (project: string) =>
  queryOptions({
    ...projectsQuery,
    select: (projects: Project[]) => projects.find(({ name }) => name === project)?.role !== 'viewer',
  });
