import type { Sample } from '../api';

export interface Column {
  name: string;
  isNumber: boolean;
}

type Values = Sample['values'];

/** The columns of a table, in their order. */
export function columnsOf(sample: Pick<Sample, 'values'> | undefined): Column[] {
  return Object.entries(sample?.values ?? {}).map(([name, value]) => ({
    name,
    isNumber: typeof value === 'number',
  }));
}

/** A value in few characters; null where there is none. */
export function shownValue(value: Values[string] | undefined): string | null {
  if (value === null || value === undefined || value === '') return null;
  if (typeof value === 'number' && !Number.isInteger(value)) return String(Number(value.toPrecision(6)));
  return String(value);
}
