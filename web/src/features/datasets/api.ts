import { infiniteQueryOptions, keepPreviousData, queryOptions } from '@tanstack/react-query';
import { api, dataOf, type Schemas } from '@/api/client';
import type { operations } from '@/api/schema';
import { sectionsOf } from './browser/sections';

export type Dataset = Schemas['DatasetOut'];
export type DatasetVersion = Schemas['DatasetVersionOut'];
export type Sample = Schemas['SampleOut'];
export type SamplesPage = Schemas['SamplesOut'];
export type Box = Schemas['BoxOut'];
export type Layer = Schemas['LayerOut'];
export type Group = Schemas['GroupOut'];

const BASE = '/api/v1/projects/{project}/datasets' as const;

export const datasetsQuery = (project: string, search: string | undefined) =>
  infiniteQueryOptions({
    queryKey: ['datasets', project, 'list', search],
    queryFn: ({ pageParam }) =>
      dataOf(
        api.GET(BASE, { params: { path: { project }, query: { search, cursor: pageParam, limit: 60 } } }),
      ),
    initialPageParam: null as string | null,
    getNextPageParam: (page) => page.next_cursor ?? undefined,
    placeholderData: keepPreviousData,
  });

export const datasetQuery = (project: string, name: string) =>
  queryOptions({
    queryKey: ['datasets', project, 'one', name],
    queryFn: () => dataOf(api.GET(`${BASE}/{name}`, { params: { path: { project, name } } })),
  });

/** Of an immutable version: never read twice. */
export const statisticsQuery = (project: string, name: string, version: number) =>
  queryOptions({
    queryKey: ['dataset-statistics', project, name, version],
    queryFn: async () => {
      const path = { project, name, version };
      const answer = await dataOf(
        api.GET(`${BASE}/{name}/versions/{version}/statistics`, { params: { path } }),
      );
      return answer.statistics as unknown as Statistics;
    },
    staleTime: Number.POSITIVE_INFINITY,
  });

/** What `kpl dataset info` prints. */
export interface Statistics {
  kind: string;
  num_samples: number;
  splits: Record<string, number>;
  layers: string[];
  classes?: ClassCount[];
  num_unlabelled?: number;
  images?: { width: Range; height: Range; channels: Record<string, number>; bytes: Range };
  boxes?: {
    num_boxes: number;
    num_samples_without: number;
    per_sample: Range;
    area_pixels: Range;
    num_small: number;
    num_medium: number;
    num_large: number;
  };
  attributes?: Record<string, unknown>;
}

export interface ClassCount {
  name: string;
  class_id: number;
  num_samples: number;
  num_objects?: number;
  splits: Record<string, number>;
}

export interface Range {
  min: number;
  median: number;
  mean: number;
  max: number;
}

export type SampleChange = Schemas['ChangedSampleOut']['change'];
export type ChangedSample = Schemas['ChangedSampleOut'];
export type DatasetDifference = Schemas['DifferenceOut'];

/** Of two immutable versions: never read twice. */
export const differenceQuery = (project: string, name: string, before: number, after: number) =>
  queryOptions({
    queryKey: ['dataset-difference', project, name, before, after],
    queryFn: () =>
      dataOf(
        api.GET(`${BASE}/{name}/versions/{version}/difference`, {
          params: { path: { project, name, version: after }, query: { before } },
        }),
      ),
    staleTime: Number.POSITIVE_INFINITY,
  });

export const changedSamplesQuery = (
  project: string,
  name: string,
  before: number,
  after: number,
  change: SampleChange,
  field: string | undefined,
) =>
  infiniteQueryOptions({
    queryKey: ['dataset-difference', project, name, before, after, change, field ?? null],
    queryFn: ({ pageParam }) =>
      dataOf(
        api.GET(`${BASE}/{name}/versions/{version}/difference/samples`, {
          params: {
            path: { project, name, version: after },
            query: { before, change, field, cursor: pageParam, limit: 60 },
          },
        }),
      ),
    initialPageParam: null as string | null,
    getNextPageParam: (page) => page.next_cursor ?? undefined,
    staleTime: Number.POSITIVE_INFINITY,
  });

type SampleQuery = NonNullable<operations['list_samples']['parameters']['query']>;

/** What samples must have, and their order; null asks for nothing. */
export interface SampleFilter {
  split: string | null;
  label: string | null;
  /** What people decided about a model's answer; `none` where nobody has. */
  verdict: 'accepted' | 'rejected' | 'none' | null;
  /** `640x480`, or a range as `257-512` of the longer side in pixels. */
  size: string | null;
  /** How many objects, as `3-5` or `101-`. */
  objects: string | null;
  /** What samples stand together by, below headings. */
  group: NonNullable<SampleQuery['group']> | null;
  order: Exclude<SampleQuery['order'], 'row' | undefined> | null;
}

/** The filter as it is sent: what is not asked for is left out. */
function queryOf({ order, ...filter }: SampleFilter) {
  return { ...filter, order: order ?? undefined };
}

/** Which version, and the layer whose predictions are to come with its samples. */
export interface VersionPart {
  name: string;
  version: number;
  predictions?: string | null;
}

/** One page of samples, from after `cursor`. */
export function fetchSamples(
  project: string,
  { name, version, predictions }: VersionPart,
  filter: SampleFilter,
  { cursor, limit, signal }: { cursor: string | null; limit: number; signal?: AbortSignal },
): Promise<SamplesPage> {
  return dataOf(
    api.GET(`${BASE}/{name}/versions/{version}/samples`, {
      params: {
        path: { project, name, version },
        query: { cursor, limit, ...queryOf(filter), predictions },
      },
      signal,
    }),
  );
}

/** Keys alone, of very many samples; pages as those of `fetchSamples`. */
export function fetchKeys(
  project: string,
  { name, version, predictions }: VersionPart,
  filter: SampleFilter,
  { cursor, limit, signal }: { cursor: string | null; limit: number; signal?: AbortSignal },
): Promise<Schemas['SampleKeysOut']> {
  return dataOf(
    api.GET(`${BASE}/{name}/versions/{version}/sample-keys`, {
      params: { path: { project, name, version }, query: { cursor, limit, ...queryOf(filter), predictions } },
      signal,
    }),
  );
}

/** How samples divide by size and number of objects. */
export const facetsQuery = (
  project: string,
  { name, version, predictions }: VersionPart,
  { order: _, group: __, ...filter }: SampleFilter,
) =>
  queryOptions({
    queryKey: ['dataset-facets', project, name, version, predictions ?? null, filter],
    queryFn: () =>
      dataOf(
        api.GET(`${BASE}/{name}/versions/{version}/facets`, {
          params: { path: { project, name, version }, query: { ...filter, predictions } },
        }),
      ),
    staleTime: Number.POSITIVE_INFINITY,
    placeholderData: keepPreviousData,
  });

/** The splits or classes that a list is arranged by, in its order. */
export const sectionsQuery = (
  project: string,
  { name, version, predictions }: VersionPart,
  { order: _, ...filter }: SampleFilter,
) =>
  queryOptions({
    queryKey: ['dataset-sections', project, name, version, predictions ?? null, filter],
    queryFn: async () =>
      sectionsOf(
        (
          await dataOf(
            api.GET(`${BASE}/{name}/versions/{version}/sections`, {
              params: { path: { project, name, version }, query: { ...filter, predictions } },
            }),
          )
        ).items,
      ),
    staleTime: Number.POSITIVE_INFINITY,
    enabled: filter.group !== null,
  });

/** One sample with all its objects and their outlines. */
export const sampleQuery = (project: string, { name, version, predictions }: VersionPart, row: number) =>
  queryOptions({
    queryKey: ['dataset-sample', project, name, version, predictions ?? null, row],
    queryFn: () =>
      dataOf(
        api.GET(`${BASE}/{name}/versions/{version}/samples/{row}`, {
          params: { path: { project, name, version, row }, query: { predictions } },
        }),
      ),
    staleTime: Number.POSITIVE_INFINITY,
  });

export const layersQuery = (project: string, name: string, version: number) =>
  queryOptions({
    queryKey: ['dataset-layers', project, name, version],
    queryFn: async () => {
      const path = { project, name, version };
      const answer = await dataOf(api.GET(`${BASE}/{name}/versions/{version}/layers`, { params: { path } }));
      return answer.items;
    },
    staleTime: Number.POSITIVE_INFINITY,
  });

/** Classes with their samples, largest first. */
export const groupsQuery = (
  project: string,
  { name, version }: VersionPart,
  { split, search, limit }: { split: string | null; search: string; limit: number },
) =>
  infiniteQueryOptions({
    queryKey: ['dataset-groups', project, name, version, split, search, limit],
    queryFn: ({ pageParam }) =>
      dataOf(
        api.GET(`${BASE}/{name}/versions/{version}/groups`, {
          params: {
            path: { project, name, version },
            query: { split, search, limit, cursor: pageParam },
          },
        }),
      ),
    initialPageParam: null as string | null,
    getNextPageParam: (page) => page.next_cursor ?? undefined,
    staleTime: Number.POSITIVE_INFINITY,
  });

/** Makes the next version, in which a model's answers are labels or rejected. */
export function reviewAnswers(
  project: string,
  { name, version }: VersionPart,
  body: Schemas['Review'],
): Promise<DatasetVersion> {
  const path = { project, name, version };
  return dataOf(api.POST(`${BASE}/{name}/versions/{version}/reviews`, { params: { path }, body }));
}

export function importDataset(project: string, body: Schemas['DatasetImport']): Promise<Schemas['TaskOut']> {
  return dataOf(api.POST(`${BASE}/import`, { params: { path: { project } }, body }));
}

export async function deleteDataset(project: string, name: string): Promise<void> {
  await api.DELETE(`${BASE}/{name}`, { params: { path: { project, name } } });
}

export async function deleteVersion(project: string, name: string, version: number): Promise<void> {
  await api.DELETE(`${BASE}/{name}/versions/{version}`, { params: { path: { project, name, version } } });
}

export const templatesQuery = (project: string) =>
  queryOptions({
    queryKey: ['pipelines', project, 'templates-for-datasets'],
    queryFn: async () =>
      (
        await dataOf(
          api.GET('/api/v1/projects/{project}/templates', {
            params: { path: { project }, query: { limit: 100 } },
          }),
        )
      ).items,
    staleTime: 60_000,
  });
