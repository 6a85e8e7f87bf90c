import type { Pipeline } from '../api';

/** What the server sorts by, however long the list; what else a list is sorted by that is there as a whole. */
export type ServerKey = 'name' | 'updated';
export type SortKey = ServerKey | 'num_nodes' | 'num_runs';

const KEYS: SortKey[] = ['name', 'updated', 'num_nodes', 'num_runs'];

export interface Sorting {
  key: SortKey;
  isDescending: boolean;
}

/** What the address asks for; names begin with a, and all else with the most or the latest. */
export function sortingOf({ sort, order }: { sort?: string; order?: string }): Sorting {
  const key = KEYS.find((each) => each === sort) ?? 'updated';
  return { key, isDescending: (order ?? (key === 'name' ? 'asc' : 'desc')) === 'desc' };
}

/** What the server is asked for: in an order that it does not know, the latest first. */
export function onServer({ key, isDescending }: Sorting): { sort: ServerKey; order: 'asc' | 'desc' } {
  if (key !== 'name' && key !== 'updated') return { sort: 'updated', order: 'desc' };
  return { sort: key, order: isDescending ? 'desc' : 'asc' };
}

export function sorted(pipelines: Pipeline[], { key, isDescending }: Sorting): Pipeline[] {
  if (key === 'name' || key === 'updated') return pipelines;
  const sign = isDescending ? -1 : 1;
  return [...pipelines].sort((a, b) => sign * (a[key] - b[key]));
}
