import { useQueries } from '@tanstack/react-query';
import { useLiveQueries } from '@/api/live';
import { taskQuery } from '@/api/tasks';
import { algorithmQuery, metricsQuery, type RunDetail, runQuery, type TaskDetail } from '../api';
import { isOver } from '../model';
import type { Direction, MeasuredTask } from './model';

export interface Compared {
  run: RunDetail;
  tasks: TaskDetail[];
  measured: MeasuredTask[];
  /** By step: the task that measured, which for a reused one is the task it was taken from. */
  sources: Record<string, number>;
}

/** All that a comparison shows of the runs; undefined until everything is there. */
export function useCompared(project: string, ids: number[]) {
  const runs = useQueries({ queries: ids.map((id) => runQuery(project, id)) });
  const briefs = runs.flatMap(({ data }) => data?.tasks ?? []);
  const tasks = useQueries({ queries: briefs.map(({ id }) => taskQuery(project, id)) });
  const metrics = useQueries({
    queries: briefs.map((task) => metricsQuery(project, sourceOf(task), undefined)),
  });
  const kinds = [...new Set(briefs.map(({ algorithm, version }) => JSON.stringify([algorithm, version])))];
  const algorithms = useQueries({
    queries: kinds.map((kind) => algorithmQuery(project, ...(JSON.parse(kind) as [string, string]))),
  });
  const going = runs.flatMap(({ data }) => (data && !isOver(data.state) ? [data.id] : []));
  useLiveQueries(
    going.map((id) => `run:${id}`),
    () => [
      ['runs', project],
      ['tasks', project],
      ['metrics', project],
    ],
    { isEnabled: going.length > 0 },
  );
  const failed = [...runs, ...tasks, ...metrics].find(({ isError }) => isError);
  // An algorithm that was uninstalled leaves its directions unknown, which the table shows.
  const isWaiting =
    [...runs, ...tasks, ...metrics].some(({ data }) => !data) ||
    algorithms.some(({ isPending }) => isPending);
  if (failed || isWaiting) return { error: failed?.error, refetch: () => failed?.refetch() };
  const detailOf = new Map(tasks.flatMap(({ data }) => (data ? [[data.id, data] as const] : [])));
  const metricsOf = new Map(briefs.map(({ id }, index) => [id, metrics[index]?.data?.metrics ?? []]));
  const directionsOf = (task: RunDetail['tasks'][number]): Record<string, Direction> => {
    const index = kinds.indexOf(JSON.stringify([task.algorithm, task.version]));
    const promised = algorithms[index]?.data?.interfaces.find(({ name }) => name === task.function)?.metrics;
    return Object.fromEntries((promised ?? []).map(({ name, direction }) => [name, direction as Direction]));
  };
  const compared = runs.flatMap(({ data: run }): Compared[] =>
    run
      ? [
          {
            run,
            tasks: run.tasks.flatMap(({ id }) => detailOf.get(id) ?? []),
            measured: run.tasks.map((task) => ({
              task: task.name,
              metrics: metricsOf.get(task.id) ?? [],
              directions: directionsOf(task),
            })),
            sources: Object.fromEntries(run.tasks.map((task) => [task.name, sourceOf(task)])),
          },
        ]
      : [],
  );
  return { compared };
}

function sourceOf({ id, reused_from }: { id: number; reused_from: number | null }): number {
  return reused_from ?? id;
}
