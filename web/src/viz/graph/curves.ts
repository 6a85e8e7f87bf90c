/** Curves of tasks at work, small enough for a node: the one metric that says most of how it goes. */

import { keepPreviousData, queryOptions, useQuery } from '@tanstack/react-query';
import { useMemo } from 'react';
import { api, dataOf } from '@/api/client';
import { formatMetric } from '@/i18n/format';

export interface Curve {
  name: string;
  values: number[];
}

/** So many tasks at work have curves; more would cost more than they tell. */
const MOST_TASKS = 8;
const AGAIN_MS = 3000;

const curvesQuery = (project: string, ids: number[]) =>
  queryOptions({
    queryKey: ['metrics', project, 'curves', ids],
    queryFn: () =>
      dataOf(
        api.GET('/api/v1/projects/{project}/tasks/curves', {
          params: { path: { project }, query: { task: ids } },
        }),
      ),
    enabled: ids.length > 0,
    refetchInterval: AGAIN_MS,
    placeholderData: keepPreviousData,
    retry: false,
  });

/** Curves of the tasks that are at work, by the id of the task; all with one request. */
export function useCurves(
  project: string,
  tasks: { id: number; state: string }[],
): ReadonlyMap<number, Curve> {
  const ids = tasks.flatMap(({ id, state }) => (state === 'running' ? [id] : [])).slice(0, MOST_TASKS);
  const { data } = useQuery(curvesQuery(project, ids));
  const at = ids.join();
  // biome-ignore lint/correctness/useExhaustiveDependencies: the numbers stand for the array
  return useMemo(
    () => new Map((ids.length > 0 ? data : undefined)?.map((curve) => [curve.task_id, curve])),
    [data, at],
  );
}

/** What a curve shows, in the reader's words, and its last value. */
export function curveWords({ name, values }: Curve, words: (name: string) => string): string {
  return `${words(name)} ${formatMetric(values.at(-1) ?? Number.NaN)}`;
}

/** How long a task will still take, going by its progress so far; null while that says too little. */
export function timeLeft_s(since: string, progress: number, now_ms: number): number | null {
  const ran_s = (now_ms - Date.parse(since)) / 1000;
  return progress < 0.02 || progress >= 1 || ran_s < 2 ? null : (ran_s * (1 - progress)) / progress;
}
