import { expect, it } from 'vitest';
import type { Pipeline } from '../api';
import { onServer, sorted, sortingOf } from './model';

it('asks the server for what it sorts by, and for the latest first otherwise', () => {
  expect(onServer(sortingOf({}))).toEqual({ sort: 'updated', order: 'desc' });
  expect(onServer(sortingOf({ sort: 'name' }))).toEqual({ sort: 'name', order: 'asc' });
  expect(onServer(sortingOf({ sort: 'name', order: 'desc' }))).toEqual({ sort: 'name', order: 'desc' });
  expect(onServer(sortingOf({ sort: 'num_runs', order: 'asc' }))).toEqual({ sort: 'updated', order: 'desc' });
  expect(sortingOf({ sort: 'colour' })).toEqual({ key: 'updated', isDescending: true });
});

it('sorts by numbers what is there, and leaves to the server what the server sorted', () => {
  const pipelines = [{ num_runs: 1 }, { num_runs: 3 }, { num_runs: 2 }] as Pipeline[];
  const runs = (found: Pipeline[]) => found.map(({ num_runs }) => num_runs);
  expect(runs(sorted(pipelines, sortingOf({ sort: 'num_runs' })))).toEqual([3, 2, 1]);
  expect(runs(sorted(pipelines, sortingOf({ sort: 'name' })))).toEqual([1, 3, 2]);
});
