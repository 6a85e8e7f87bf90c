/** What the card at an edge asks the server for. */

import { queryOptions } from '@tanstack/react-query';
import { api, dataOf, type Schemas } from '@/api/client';

/** One version of a dataset, the latest when none is named. */
export const datasetVersionQuery = (project: string, name: string, version: number | null) =>
  queryOptions({
    queryKey: ['datasets', project, name, 'flowing', version],
    queryFn: async () => {
      if (version !== null)
        return dataOf(
          api.GET('/api/v1/projects/{project}/datasets/{name}/versions/{version}', {
            params: { path: { project, name, version } },
          }),
        );
      const path = { project, name };
      return (await dataOf(api.GET('/api/v1/projects/{project}/datasets/{name}', { params: { path } })))
        .latest;
    },
    retry: false,
  });

/** One version of a model, the latest when none is named. */
export const modelVersionQuery = (project: string, name: string, version: number | null) =>
  queryOptions({
    queryKey: ['models', project, name, 'flowing', version],
    queryFn: async (): Promise<Schemas['ModelVersionOut']> => {
      if (version !== null)
        return dataOf(
          api.GET('/api/v1/projects/{project}/models/{name}/versions/{version}', {
            params: { path: { project, name, version } },
          }),
        );
      const path = { project, name };
      return (await dataOf(api.GET('/api/v1/projects/{project}/models/{name}', { params: { path } }))).latest;
    },
    retry: false,
  });

/** What a stored dataset holds, published or not. */
export const artifactStatisticsQuery = (project: string, digest: string) =>
  queryOptions({
    queryKey: ['artifact-statistics', project, digest],
    queryFn: async () => {
      const answer = await dataOf(
        api.GET('/api/v1/projects/{project}/artifacts/{digest}/statistics', {
          params: { path: { project, digest } },
        }),
      );
      return answer.statistics as {
        kind: string;
        num_samples: number;
        classes?: { name: string; num_samples: number }[];
      };
    },
    staleTime: Number.POSITIVE_INFINITY,
    retry: false,
  });

export const statisticsQuery = (project: string, name: string, version: number) =>
  queryOptions({
    queryKey: ['dataset-statistics', project, name, version],
    queryFn: async () => {
      const answer = await dataOf(
        api.GET('/api/v1/projects/{project}/datasets/{name}/versions/{version}/statistics', {
          params: { path: { project, name, version } },
        }),
      );
      return answer.statistics as { classes?: { name: string; num_samples: number }[] };
    },
    staleTime: Number.POSITIVE_INFINITY,
  });

export const taskMetricsQuery = (project: string, id: number) =>
  queryOptions({
    queryKey: ['tasks', project, id, 'metrics'],
    queryFn: () =>
      dataOf(
        api.GET('/api/v1/projects/{project}/tasks/{task_id}/metrics', {
          params: { path: { project, task_id: id } },
        }),
      ),
  });
