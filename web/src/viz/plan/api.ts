import { api, dataOf, type Schemas } from '@/api/client';
import { freeName, type PipelineDocument } from '@/viz/graph/document';

export type Plan = Schemas['PlanOut'];
export type PipelineDetail = Schemas['PipelineDetail'];

/** What to plan or run. */
export interface Source {
  pipeline?: string;
  template?: string;
  /** Of the pipeline or template; the latest when left out. */
  revision?: number;
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

const NAMES = 100;

/** A name that no pipeline of the project has yet: the wanted one, or with a number behind it. */
export async function freePipelineName(project: string, wanted: string): Promise<string> {
  const query = { search: wanted, limit: NAMES };
  const { items } = await dataOf(
    api.GET('/api/v1/projects/{project}/pipelines', { params: { path: { project }, query } }),
  );
  return freeName(
    wanted,
    items.map(({ name }) => name),
  );
}

function sent(source: Source) {
  return { ...source, document: source.document && plain(source.document) };
}

function plain(document: PipelineDocument): Record<string, unknown> {
  return document as unknown as Record<string, unknown>;
}
