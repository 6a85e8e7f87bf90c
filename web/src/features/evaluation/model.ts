import type { Query } from '@/ui/routing';
import type { Curve, EvaluatedClass, Report } from './api';

export type Outcome = 'right' | 'wrong' | 'unanswered';
export type Order = 'certain' | 'uncertain' | 'row';

/** The samples that a figure counts. */
export interface Filter {
  label?: string;
  predicted?: string;
  outcome?: Outcome;
  order: Order;
}

const OUTCOMES = new Set<string>(['right', 'wrong', 'unanswered']);
const ORDERS = new Set<string>(['certain', 'uncertain', 'row']);

/** The samples that the address asks for; null when it asks for none. */
export function filterOf(query: Query): Filter | null {
  if (query.of === undefined) return null;
  return {
    label: query.label,
    predicted: query.predicted,
    outcome: OUTCOMES.has(query.outcome ?? '') ? (query.outcome as Outcome) : undefined,
    order: ORDERS.has(query.order ?? '') ? (query.order as Order) : 'certain',
  };
}

/** What to write into the address so that it asks for the samples of a figure. */
export function queryOf(filter: Partial<Filter> | null): Query {
  const none = { label: undefined, predicted: undefined, outcome: undefined, sample: undefined };
  if (filter === null) return { ...none, of: undefined, order: undefined };
  return { ...none, of: 'samples', ...filter };
}

/** The threshold in the address, from 0 to 1 in hundredths. */
export function thresholdOf(query: Query): number {
  const value = Number(query.t ?? 0);
  return Number.isFinite(value) ? Math.round(Math.min(1, Math.max(0, value)) * 100) / 100 : 0;
}

export interface Cell {
  label: EvaluatedClass;
  /** Null: no answer. */
  predicted: EvaluatedClass | null;
  count: number;
  /** Of the samples of the class. */
  share: number;
}

/** Rows of true classes, columns of answers; with the column of no answer only where there are such samples. */
export function matrixOf({ classes, confusions }: Pick<Report, 'classes' | 'confusions'>): {
  columns: (EvaluatedClass | null)[];
  rows: Cell[][];
} {
  const hasUnanswered = confusions.some(({ predicted }) => predicted === null);
  const columns = hasUnanswered ? [...classes, null] : [...classes];
  const counts = new Map(
    confusions.map(({ label, predicted, count }) => [`${label}/${predicted ?? ''}`, count]),
  );
  const rows = classes.map((label) =>
    columns.map((predicted) => {
      const count = counts.get(`${label.class_id}/${predicted?.class_id ?? ''}`) ?? 0;
      return { label, predicted, count, share: label.support > 0 ? count / label.support : 0 };
    }),
  );
  return { columns, rows };
}

export interface Mistake {
  label: string;
  predicted: string;
  count: number;
}

/** What is taken for what, most frequent first. */
export function mistakesOf({ classes, confusions }: Pick<Report, 'classes' | 'confusions'>): Mistake[] {
  const names = new Map(classes.map(({ class_id, name }) => [class_id, name]));
  return confusions
    .filter(({ label, predicted }) => predicted !== null && predicted !== label)
    .map(({ label, predicted, count }) => ({
      label: names.get(label) ?? String(label),
      predicted: names.get(predicted as number) ?? String(predicted),
      count,
    }))
    .sort((a, b) => b.count - a.count);
}

export type ClassColumn = 'name' | 'support' | 'precision' | 'recall' | 'f1' | 'average_precision';

/** Classes whose name holds the text, in order of a column; those without a value come last either way. */
export function sortedClasses(
  classes: EvaluatedClass[],
  column: ClassColumn,
  isDescending: boolean,
  text: string,
): EvaluatedClass[] {
  const wanted = text.trim().toLowerCase();
  const sign = isDescending ? -1 : 1;
  return classes
    .filter(({ name }) => name.toLowerCase().includes(wanted))
    .sort((a, b) => {
      const [x, y] = [a[column], b[column]];
      if (x === null || y === null) return Number(x === null) - Number(y === null);
      if (typeof x === 'string' || typeof y === 'string')
        return sign * String(x).localeCompare(String(y), undefined, { numeric: true });
      return sign * (x - y) || a.class_id - b.class_id;
    });
}

/** The point of a curve at a threshold: the last one that does not lie below it; null above all scores. */
export function pointAt({ thresholds }: Pick<Curve, 'thresholds'>, threshold: number): number | null {
  let found: number | null = null;
  for (let index = 0; index < thresholds.length; index += 1)
    if ((thresholds[index] as number) >= threshold) found = index;
  return found;
}

/** The point nearest to a place in the unit square. */
export function nearestPoint(x: number[], y: number[], at: [number, number]): number {
  let best = 0;
  let distance = Number.POSITIVE_INFINITY;
  for (let index = 0; index < x.length; index += 1) {
    const found = ((x[index] as number) - at[0]) ** 2 + ((y[index] as number) - at[1]) ** 2;
    if (found < distance) [best, distance] = [index, found];
  }
  return best;
}

/** A path through points of the unit square, in a box of `side` pixels whose origin is below on the left. */
export function curvePath(x: number[], y: number[], side: number): string {
  return x
    .map((value, index) => {
      const place = [value * side, (1 - (y[index] as number)) * side].map((n) => n.toFixed(1)).join(' ');
      return `${index === 0 ? 'M' : 'L'}${place}`;
    })
    .join('');
}
