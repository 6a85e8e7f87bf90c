/** Curves of tasks at work, small enough for a node: the one metric that says most of how it goes. */

import { queryOptions, useQueries } from '@tanstack/react-query';
import { api, dataOf } from '@/api/client';

export interface Curve {
  name: string;
  values: number[];
}

/** So many tasks at work have curves; more would cost more than they tell. */
const MOST_TASKS = 8;
const POINTS = 60;
const AGAIN_MS = 3000;

/** The metric to draw: one of validation where there is one, else the first; it must have a course to show. */
export function curveOf<T extends { name: string; num_points: number }>(metrics: T[]): T | null {
  const drawn = metrics.filter(({ num_points }) => num_points > 1);
  return drawn.find(({ name }) => name.startsWith('val')) ?? drawn[0] ?? null;
}

const curveQuery = (project: string, id: number) =>
  queryOptions({
    queryKey: ['metrics', project, id, 'curve'],
    queryFn: async (): Promise<Curve | null> => {
      const path = { project, task_id: id };
      const { metrics } = await dataOf(
        api.GET('/api/v1/projects/{project}/tasks/{task_id}/metrics', { params: { path } }),
      );
      const name = curveOf(metrics)?.name;
      if (name === undefined) return null;
      const series = await dataOf(
        api.GET('/api/v1/projects/{project}/tasks/{task_id}/metrics/{name}', {
          params: { path: { ...path, name }, query: { points: POINTS } },
        }),
      );
      return { name, values: series.values };
    },
    refetchInterval: AGAIN_MS,
    retry: false,
  });

/** Curves of the tasks that are at work, by the id of the task. */
export function useCurves(
  project: string,
  tasks: { id: number; state: string }[],
): ReadonlyMap<number, Curve> {
  const ids = tasks.flatMap(({ id, state }) => (state === 'running' ? [id] : [])).slice(0, MOST_TASKS);
  return useQueries({
    queries: ids.map((id) => curveQuery(project, id)),
    combine: (results) =>
      new Map(results.flatMap(({ data }, index) => (data ? [[ids[index] as number, data] as const] : []))),
  });
}

/** How long a task will still take, going by its progress so far; null while that says too little. */
export function timeLeft_s(since: string, progress: number, now_ms: number): number | null {
  const ran_s = (now_ms - Date.parse(since)) / 1000;
  return progress < 0.02 || progress >= 1 || ran_s < 2 ? null : (ran_s * (1 - progress)) / progress;
}
