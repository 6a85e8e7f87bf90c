import { useQueries } from '@tanstack/react-query';
import { useCallback } from 'react';
import type { Curve } from '@/viz/graph/curves';
import { bestSoFar } from '@/viz/search/trials';
import { allTrialsQuery, type Task } from './api';

/** So many searches of a run have curves. */
const MOST = 4;

/** The best value so far over the trials, of searches that go on, by the id of the task. */
export function useBestCurves(project: string, tasks: Task[]): ReadonlyMap<number, Curve> {
  const searching = tasks.filter(({ state, search }) => state === 'searching' && search).slice(0, MOST);
  const words = searching.map(({ id, search }) => `${id} ${search?.direction} ${search?.metric}`).join('\n');
  const combine = useCallback(
    (results: { data?: Parameters<typeof bestSoFar>[0] }[]) =>
      new Map(
        words.split('\n').flatMap((line, index): [number, Curve][] => {
          const [id, direction, ...name] = line.split(' ');
          const best = bestSoFar(
            results[index]?.data ?? [],
            direction === 'minimize' ? direction : 'maximize',
          );
          const values = best.map(({ value }) => value);
          return values.length > 0 ? [[Number(id), { name: name.join(' '), values }]] : [];
        }),
      ),
    [words],
  );
  return useQueries({ queries: searching.map((task) => allTrialsQuery(project, task)), combine });
}
