import { infiniteQueryOptions, queryOptions, useQueries, useQuery } from '@tanstack/react-query';
import { useMemo } from 'react';
import { api, dataOf, type Schemas } from '@/api/client';
import type { PipelineDocument } from './graph/document';
import type { Catalog, FunctionInterface } from './graph/ports';

export type Pipeline = Schemas['PipelineOut'];
export type PipelineDetail = Schemas['PipelineDetail'];
export type PipelineDraft = Omit<Schemas['PipelineDraftOut'], 'document'> & { document: PipelineDocument };
export type Revision = Schemas['PipelineRevisionOut'];
export type Template = Schemas['TemplateOut'];
export type TemplateDetail = Schemas['TemplateDetail'];
export type Problem = Schemas['ProblemOut'];
export type Plan = Schemas['PlanOut'];
export type Dataset = Schemas['DatasetOut'];
export type Model = Schemas['ModelOut'];
export type Algorithm = Schemas['AlgorithmOut'];
export type AlgorithmDetail = Schemas['AlgorithmDetail'];

const ALL = 500;

export const pipelinesQuery = (project: string) =>
  queryOptions({
    queryKey: ['pipelines', project],
    queryFn: () =>
      dataOf(
        api.GET('/api/v1/projects/{project}/pipelines', {
          params: { path: { project }, query: { limit: ALL } },
        }),
      ),
  });

export const pipelineQuery = (project: string, name: string) =>
  queryOptions({
    queryKey: ['pipeline', project, name],
    queryFn: () =>
      dataOf(api.GET('/api/v1/projects/{project}/pipelines/{name}', { params: { path: { project, name } } })),
  });

const REVISIONS_A_PAGE = 20;

export const revisionsQuery = (project: string, name: string) =>
  infiniteQueryOptions({
    queryKey: ['pipeline', project, name, 'revisions'],
    queryFn: ({ pageParam }) =>
      dataOf(
        api.GET('/api/v1/projects/{project}/pipelines/{name}/revisions', {
          params: { path: { project, name }, query: { limit: REVISIONS_A_PAGE, cursor: pageParam } },
        }),
      ),
    initialPageParam: null as string | null,
    getNextPageParam: (page) => page.next_cursor,
  });

/** The document of one revision, which never changes. */
export const revisionQuery = (project: string, name: string, revision: number) =>
  queryOptions({
    queryKey: ['revision', project, name, revision],
    queryFn: async () => {
      const found = await dataOf(
        api.GET('/api/v1/projects/{project}/pipelines/{name}', {
          params: { path: { project, name }, query: { revision } },
        }),
      );
      return found.document as unknown as PipelineDocument;
    },
    staleTime: Number.POSITIVE_INFINITY,
  });

/** What the signed-in person has drawn since the revision; null when nothing. */
export const draftQuery = (project: string, name: string) =>
  queryOptions({
    queryKey: ['draft', project, name],
    queryFn: () => getDraft(project, name),
    refetchOnMount: 'always',
    refetchOnWindowFocus: false,
    gcTime: 0,
  });

export async function getDraft(project: string, name: string): Promise<PipelineDraft | null> {
  const found = await dataOf(
    api.GET('/api/v1/projects/{project}/pipelines/{name}/draft', { params: { path: { project, name } } }),
  );
  return found && { ...found, document: found.document as unknown as PipelineDocument };
}

export async function putDraft(
  project: string,
  name: string,
  draft: { document: PipelineDocument; base_revision: number },
  tag: string,
): Promise<Schemas['PipelineDraftSaved']> {
  return dataOf(
    api.PUT('/api/v1/projects/{project}/pipelines/{name}/draft', {
      params: { path: { project, name }, header: { 'if-match': asTag(tag) } },
      body: { ...draft, document: plain(draft.document) },
    }),
  );
}

export async function deleteDraft(project: string, name: string, tag: string): Promise<void> {
  await api.DELETE('/api/v1/projects/{project}/pipelines/{name}/draft', {
    params: { path: { project, name }, header: { 'if-match': asTag(tag) } },
  });
}

function asTag(tag: string): string {
  return tag === '*' ? tag : `"${tag}"`;
}

export const templatesQuery = (project: string) =>
  queryOptions({
    queryKey: ['templates', project],
    queryFn: () => dataOf(api.GET('/api/v1/projects/{project}/templates', { params: { path: { project } } })),
  });

export const templateQuery = (project: string, name: string) =>
  queryOptions({
    queryKey: ['template', project, name],
    queryFn: () =>
      dataOf(api.GET('/api/v1/projects/{project}/templates/{name}', { params: { path: { project, name } } })),
  });

/** Save a template of the project; `isAnew` when there is one of that name. */
export async function saveTemplate(
  project: string,
  name: string,
  body: {
    document: PipelineDocument;
    title: Record<string, string>;
    description: Record<string, string>;
    open_parameters: string[];
  },
  isAnew: boolean,
): Promise<TemplateDetail> {
  const sent = { ...body, document: plain(body.document) };
  if (isAnew)
    return dataOf(
      api.PUT('/api/v1/projects/{project}/templates/{name}', {
        params: { path: { project, name } },
        body: sent,
      }),
    );
  return dataOf(
    api.POST('/api/v1/projects/{project}/templates', {
      params: { path: { project } },
      body: { ...sent, name },
    }),
  );
}

export async function deleteTemplate(project: string, name: string): Promise<void> {
  await api.DELETE('/api/v1/projects/{project}/templates/{name}', { params: { path: { project, name } } });
}

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

/** The tasks of a pipeline's last run, by the steps that they stand for. */
export const lastTasksQuery = (project: string, runId: number | null) =>
  queryOptions({
    queryKey: ['runs', project, runId, 'tasks'],
    queryFn: async () => {
      const path = { project, run_id: runId ?? 0 };
      return (await dataOf(api.GET('/api/v1/projects/{project}/runs/{run_id}', { params: { path } }))).tasks;
    },
    enabled: runId !== null,
  });

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

export async function createPipeline(
  project: string,
  body: { name: string; document: PipelineDocument; description?: string },
): Promise<PipelineDetail> {
  return dataOf(
    api.POST('/api/v1/projects/{project}/pipelines', {
      params: { path: { project } },
      body: { description: '', is_template: false, ...body, document: plain(body.document) },
    }),
  );
}

/** Save the next revision, if nobody saved since `revision`; `null` saves in any case. */
export async function savePipeline(
  project: string,
  name: string,
  document: PipelineDocument,
  revision: number | null,
): Promise<PipelineDetail> {
  return dataOf(
    api.PUT('/api/v1/projects/{project}/pipelines/{name}', {
      params: {
        path: { project, name },
        header: { 'if-match': revision === null ? '*' : `"${revision}"` },
      },
      body: { document: plain(document), description: null, is_template: null },
    }),
  );
}

export async function deletePipeline(project: string, name: string): Promise<void> {
  await api.DELETE('/api/v1/projects/{project}/pipelines/{name}', { params: { path: { project, name } } });
}

export async function validate(project: string, document: PipelineDocument): Promise<Problem[]> {
  const answer = await dataOf(
    api.POST('/api/v1/projects/{project}/pipelines/validate', {
      params: { path: { project } },
      body: { document: plain(document), parameters: {} },
    }),
  );
  return answer.problems;
}

/** What to plan or run. */
export interface Source {
  pipeline?: string;
  template?: string;
  document?: PipelineDocument;
}

export async function plan(
  project: string,
  source: Source,
  parameters: Record<string, unknown>,
): Promise<Plan> {
  return dataOf(
    api.POST('/api/v1/projects/{project}/pipelines/plan', {
      params: { path: { project } },
      body: { ...sent(source), parameters },
    }),
  );
}

export async function startRun(
  project: string,
  source: Source,
  parameters: Record<string, unknown>,
): Promise<Schemas['RunDetail']> {
  return dataOf(
    api.POST('/api/v1/projects/{project}/runs', {
      params: { path: { project } },
      body: { ...sent(source), parameters, name: '', origin: 'ui', priority: 0 },
    }),
  );
}

function sent(source: Source) {
  return { ...source, document: source.document && plain(source.document) };
}

function plain(document: PipelineDocument): Record<string, unknown> {
  return document as unknown as Record<string, unknown>;
}
