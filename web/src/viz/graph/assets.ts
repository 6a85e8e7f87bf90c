/** What a pipeline of a project can be built from. */

import { queryOptions, useQueries, useQuery } from '@tanstack/react-query';
import { useMemo } from 'react';
import { api, dataOf, type Schemas } from '@/api/client';
import type { Catalog, FunctionInterface } from './ports';

export type Dataset = Schemas['DatasetOut'];
export type Model = Schemas['ModelOut'];
export type Algorithm = Schemas['AlgorithmOut'];
export type AlgorithmDetail = Schemas['AlgorithmDetail'];

const ALL = 500;

const datasetsQuery = (project: string) =>
  queryOptions({
    queryKey: ['datasets', project, 'catalog'],
    queryFn: () =>
      dataOf(
        api.GET('/api/v1/projects/{project}/datasets', {
          params: { path: { project }, query: { limit: ALL } },
        }),
      ),
  });

const modelsQuery = (project: string) =>
  queryOptions({
    queryKey: ['models', project, 'catalog'],
    queryFn: () =>
      dataOf(
        api.GET('/api/v1/projects/{project}/models', {
          params: { path: { project }, query: { limit: ALL } },
        }),
      ),
  });

const algorithmsQuery = (project: string) =>
  queryOptions({
    queryKey: ['algorithms', project, 'catalog'],
    queryFn: () =>
      dataOf(
        api.GET('/api/v1/projects/{project}/algorithms', {
          params: { path: { project }, query: { limit: ALL } },
        }),
      ),
  });

const algorithmQuery = (project: string, name: string) =>
  queryOptions({
    queryKey: ['algorithm', project, name],
    queryFn: () =>
      dataOf(
        api.GET('/api/v1/projects/{project}/algorithms/{name}', { params: { path: { project, name } } }),
      ),
  });

export interface Assets {
  catalog: Catalog;
  datasets: Dataset[];
  models: Model[];
  algorithms: AlgorithmDetail[];
  isPending: boolean;
  error: unknown;
}

/** All that a pipeline of the project can be built from. */
export function useAssets(project: string): Assets {
  const datasets = useQuery(datasetsQuery(project));
  const models = useQuery(modelsQuery(project));
  const algorithms = useQuery(algorithmsQuery(project));
  const details = useQueries({
    queries: (algorithms.data?.items ?? []).map(({ name }) => algorithmQuery(project, name)),
    combine: (results) => ({
      items: results.flatMap(({ data }) => (data ? [data] : [])),
      isPending: results.some((result) => result.isPending),
    }),
  });
  const catalog = useMemo(
    () => makeCatalog(datasets.data?.items ?? [], models.data?.items ?? [], details.items),
    [datasets.data, models.data, details.items],
  );
  return {
    catalog,
    datasets: datasets.data?.items ?? [],
    models: models.data?.items ?? [],
    algorithms: details.items.filter(({ is_for_pipelines }) => is_for_pipelines),
    isPending: datasets.isPending || models.isPending || algorithms.isPending || details.isPending,
    error: datasets.error ?? models.error ?? algorithms.error,
  };
}

export function makeCatalog(datasets: Dataset[], models: Model[], algorithms: AlgorithmDetail[]): Catalog {
  const functions = new Map<string, FunctionInterface>();
  for (const algorithm of algorithms) {
    for (const found of algorithm.interfaces) {
      functions.set(`${algorithm.name}/${found.name}`, {
        name: found.name,
        inputs: found.inputs.map(toPort),
        outputs: found.outputs.map(toPort),
        parameters: found.parameters,
        metrics: found.metrics.map(({ name, direction, is_primary }) => ({
          name,
          direction,
          isPrimary: is_primary,
        })),
        isOffered: algorithm.is_for_pipelines,
      });
    }
  }
  return {
    functions,
    datasets: new Map(datasets.map(({ name, latest }) => [name, latest.kind])),
    models: new Map(models.map(({ name, latest }) => [name, latest.task])),
  };
}

function toPort(port: Schemas['PortOut']) {
  return { name: port.name, type: port.type, kinds: port.kinds, isOptional: port.is_optional };
}
