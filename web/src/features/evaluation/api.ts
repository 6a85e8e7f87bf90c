import { infiniteQueryOptions, keepPreviousData, queryOptions } from '@tanstack/react-query';
import { api, dataOf, type Schemas } from '@/api/client';
import type { Filter } from './model';

export type Report = Schemas['EvaluationReportOut'];
export type EvaluatedClass = Schemas['EvaluatedClassOut'];
export type Curve = Schemas['EvaluationCurveOut'];
export type EvaluatedSample = Schemas['EvaluatedSampleOut'];
export type Slice = Schemas['EvaluationSliceOut'];
export type DetectedSample = Schemas['DetectedSampleOut'];
export type DetectedObject = Schemas['DetectedObjectOut'];

const BASE = '/api/v1/projects/{project}/tasks/{task_id}/evaluation' as const;
const PAGE = 60;

/** Without a threshold at the one that suits the report. */
export const reportQuery = (project: string, task: number, threshold: number | undefined) =>
  queryOptions({
    queryKey: ['evaluations', project, task, threshold ?? null],
    queryFn: () =>
      dataOf(api.GET(BASE, { params: { path: { project, task_id: task }, query: { threshold } } })),
    placeholderData: keepPreviousData,
    staleTime: Number.POSITIVE_INFINITY,
  });

/** Of one class against all others, or of all answers. */
export const curveQuery = (project: string, task: number, className: string | undefined) =>
  queryOptions({
    queryKey: ['evaluations', project, task, 'curve', className ?? null],
    queryFn: () =>
      dataOf(
        api.GET(`${BASE}/curve`, {
          params: { path: { project, task_id: task }, query: { class: className } },
        }),
      ),
    placeholderData: keepPreviousData,
    staleTime: Number.POSITIVE_INFINITY,
  });

/** Of the parts of a report; without `by` of those that it is divided into first. */
export const slicesQuery = (project: string, task: number, threshold: number, by: string | undefined) =>
  queryOptions({
    queryKey: ['evaluations', project, task, 'slices', threshold, by ?? null],
    queryFn: () =>
      dataOf(
        api.GET(`${BASE}/slices`, {
          params: { path: { project, task_id: task }, query: { threshold, by } },
        }),
      ),
    placeholderData: keepPreviousData,
    staleTime: Number.POSITIVE_INFINITY,
  });

export const samplesQuery = (project: string, task: number, threshold: number, filter: Filter) =>
  infiniteQueryOptions({
    queryKey: ['evaluations', project, task, 'samples', threshold, filter],
    queryFn: ({ pageParam }) =>
      dataOf(
        api.GET(`${BASE}/samples`, {
          params: {
            path: { project, task_id: task },
            query: { threshold, ...filter, cursor: pageParam, limit: PAGE },
          },
        }),
      ),
    initialPageParam: null as string | null,
    getNextPageParam: (page) => page.next_cursor ?? undefined,
    staleTime: Number.POSITIVE_INFINITY,
  });

/** Address of the image of a sample that the test read, published or not. */
export function evaluatedImageUrl(
  project: string,
  artifact: string,
  row: number,
  size: 160 | 400 | 'full',
): string {
  const parts = [project, 'artifacts', artifact, 'samples', row].map(encodeURIComponent);
  return `/api/v1/projects/${parts.join('/')}/image${size === 'full' ? '' : `?size=${size}`}`;
}
