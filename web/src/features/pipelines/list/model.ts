import type { Pipeline } from '../api';

export type SortKey = 'name' | 'updated_at' | 'num_nodes' | 'num_runs';

export function isSortKey(text: string | undefined): text is SortKey {
  return text === 'name' || text === 'updated_at' || text === 'num_nodes' || text === 'num_runs';
}

export function sorted(pipelines: Pipeline[], key: SortKey, isDescending: boolean): Pipeline[] {
  const sign = isDescending ? -1 : 1;
  return [...pipelines].sort((a, b) => {
    const [x, y] = [a[key], b[key]];
    const order = typeof x === 'number' && typeof y === 'number' ? x - y : String(x).localeCompare(String(y));
    return sign * order;
  });
}
