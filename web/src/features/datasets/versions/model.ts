import type { DatasetDifference, SampleChange } from '../api';

/** A number of a difference that opens its samples; with a field, those of which that field changed. */
export interface DifferenceChip {
  id: string;
  change: SampleChange;
  field?: string;
  count: number;
}

/** The numbers of a difference that are not 0; fields follow where several changed. */
export function chipsOf(difference: DatasetDifference): DifferenceChip[] {
  const whole: DifferenceChip[] = [
    { id: 'added', change: 'added', count: difference.num_added },
    { id: 'removed', change: 'removed', count: difference.num_removed },
    { id: 'changed', change: 'changed', count: difference.num_changed },
  ];
  const all = Object.entries(difference.fields);
  const fields = all.length > 1 ? all : [];
  const parts: DifferenceChip[] = fields.map(([field, count]) => ({
    id: `changed.${field}`,
    change: 'changed',
    field,
    count,
  }));
  return [...whole, ...parts].filter(({ count }) => count > 0);
}
