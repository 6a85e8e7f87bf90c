import { infiniteQueryOptions, keepPreviousData, queryOptions } from '@tanstack/react-query';
import { api, dataOf, type Schemas } from '@/api/client';
import type { PipelineDocument } from '@/viz/graph/document';
import type { PipelineDetail } from '@/viz/plan/api';

export type { PipelineDetail } from '@/viz/plan/api';

export type Pipeline = Schemas['PipelineOut'];
export type PipelineDraft = Omit<Schemas['PipelineDraftOut'], 'document'> & { document: PipelineDocument };
export type Revision = Schemas['PipelineRevisionOut'];
export type Template = Schemas['TemplateOut'];
export type TemplateDetail = Schemas['TemplateDetail'];
export type Problem = Schemas['ProblemOut'];
export type Task = Schemas['TaskOut'];

const ALL = 500;
const A_PAGE = 200;

export const pipelinesQuery = (
  project: string,
  search: string | undefined,
  sort: 'name' | 'updated',
  order: 'asc' | 'desc',
) =>
  infiniteQueryOptions({
    queryKey: ['pipelines', project, 'list', search, sort, order],
    queryFn: ({ pageParam }) =>
      dataOf(
        api.GET('/api/v1/projects/{project}/pipelines', {
          params: { path: { project }, query: { search, sort, order, cursor: pageParam, limit: A_PAGE } },
        }),
      ),
    initialPageParam: null as string | null,
    getNextPageParam: (page) => page.next_cursor ?? undefined,
    placeholderData: keepPreviousData,
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

const TEMPLATES_A_PAGE = 48;

export const templatesQuery = (project: string, origin?: Template['origin']) =>
  infiniteQueryOptions({
    queryKey: ['templates', project, 'list', origin],
    queryFn: ({ pageParam }) =>
      dataOf(
        api.GET('/api/v1/projects/{project}/templates', {
          params: { path: { project }, query: { origin, cursor: pageParam, limit: TEMPLATES_A_PAGE } },
        }),
      ),
    initialPageParam: null as string | null,
    getNextPageParam: (page) => page.next_cursor ?? undefined,
  });

/** The names of the project's own templates, which saving under them replaces. */
export const ownTemplatesQuery = (project: string) =>
  queryOptions({
    queryKey: ['templates', project, 'own'],
    queryFn: async () => {
      const query = { origin: 'project' as const, limit: ALL };
      const path = '/api/v1/projects/{project}/templates';
      const { items } = await dataOf(api.GET(path, { params: { path: { project }, query } }));
      return items.map(({ name }) => name);
    },
  });

/** A template as the project sees it, of another project by `PROJECT/NAME`; an earlier save where a revision is named. */
export const templateQuery = (project: string, name: string, revision?: number) =>
  queryOptions({
    queryKey: ['template', project, name, revision],
    queryFn: () =>
      dataOf(
        api.GET('/api/v1/projects/{project}/templates/{name}', {
          params: { path: { project, name }, query: { revision } },
        }),
      ),
  });

/** Let all projects use a template, or keep it to this one again. */
export async function shareTemplate(
  project: string,
  name: string,
  isShared: boolean,
): Promise<TemplateDetail> {
  return dataOf(
    api.PATCH('/api/v1/projects/{project}/templates/{name}', {
      params: { path: { project, name } },
      body: { is_shared: isShared },
    }),
  );
}

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

function plain(document: PipelineDocument): Record<string, unknown> {
  return document as unknown as Record<string, unknown>;
}
