import type { Query } from '@/ui/routing';
import type { Curve, EvaluatedClass, Report } from './api';

export type Outcome = 'right' | 'wrong' | 'unanswered' | 'missed' | 'false_alarm' | 'error';
export type Order = 'certain' | 'uncertain' | 'most' | 'row';

/** The samples that a figure counts, or those with the objects that it counts. */
export interface Filter {
  label?: string;
  predicted?: string;
  outcome?: Outcome;
  /** With `value`, the part of the report that they are in; without a value, what has none. */
  by?: string;
  value?: string;
  order: Order;
}

const OUTCOMES = new Set<string>(['right', 'wrong', 'unanswered', 'missed', 'false_alarm', 'error']);
const ORDERS = new Set<string>(['certain', 'uncertain', 'most', 'row']);

/** How the texts call an outcome: what is wrong about a box that is in its place is its class. */
export function outcomeWord<Of extends string>(outcome: Of, isDetection: boolean): Of | 'wrong_class' {
  return isDetection && outcome === 'wrong' ? 'wrong_class' : outcome;
}

/** The orders that samples of a report can be put in. */
export function ordersOf({ detection }: Pick<Report, 'detection'>): Order[] {
  return detection ? ['most', 'certain', 'uncertain', 'row'] : ['certain', 'uncertain', 'row'];
}

/** The samples that the address asks for; null when it asks for none. */
export function filterOf(query: Query): Filter | null {
  if (query.of === undefined) return null;
  return {
    label: query.label,
    predicted: query.predicted,
    outcome: OUTCOMES.has(query.outcome ?? '') ? (query.outcome as Outcome) : undefined,
    ...(query.by === undefined ? {} : { by: query.by, value: query.value }),
    order: ORDERS.has(query.order ?? '') ? (query.order as Order) : 'certain',
  };
}

/** What to write into the address so that it asks for the samples of a figure. */
export function queryOf(filter: Partial<Filter> | null): Query {
  const none = {
    label: undefined,
    predicted: undefined,
    outcome: undefined,
    by: undefined,
    value: undefined,
    sample: undefined,
  };
  if (filter === null) return { ...none, of: undefined, order: undefined };
  return { ...none, of: 'samples', ...filter };
}

/** The threshold in the address, from 0 to 1 in hundredths; undefined leaves it to the report. */
export function thresholdOf(query: Query): number | undefined {
  const value = Number(query.t ?? Number.NaN);
  return Number.isFinite(value) ? Math.round(Math.min(1, Math.max(0, value)) * 100) / 100 : undefined;
}

/** The threshold of a report that the address names none for. */
export function usualThreshold({ detection }: Pick<Report, 'detection'>): number {
  return detection?.best_threshold ?? 0;
}

export interface Cell {
  /** Null: there is no object, as of a false alarm. */
  label: EvaluatedClass | null;
  /** Null: no answer. */
  predicted: EvaluatedClass | null;
  count: number;
  /** Of the samples or objects of the class; of false alarms, of the answers with it. */
  share: number;
}

export interface Matrix {
  columns: (EvaluatedClass | null)[];
  rows: { label: EvaluatedClass | null; cells: Cell[] }[];
}

/**
 * Rows of true classes, columns of answers. A detection has a row of false alarms and a column of missed objects, a
 * classification a column of no answer where there are such samples.
 */
export function matrixOf({
  classes,
  confusions,
  detection,
}: Pick<Report, 'classes' | 'confusions' | 'detection'>): Matrix {
  const hasLast = detection !== null || confusions.some(({ predicted }) => predicted === null);
  const columns = hasLast ? [...classes, null] : [...classes];
  const counts = new Map(
    confusions.map(({ label, predicted, count }) => [`${label ?? ''}/${predicted ?? ''}`, count]),
  );
  const labels = detection ? [...classes, null] : classes;
  const rows = labels.map((label) => ({
    label,
    cells: columns.map((predicted) => {
      const count = counts.get(`${label?.class_id ?? ''}/${predicted?.class_id ?? ''}`) ?? 0;
      const whole = label === null ? predicted?.num_predicted : label.support;
      return { label, predicted, count, share: whole ? count / whole : 0 };
    }),
  }));
  return { columns, rows };
}

/** What a cell of the matrix counts. */
export function filterOfCell({ label, predicted }: Cell, isDetection: boolean): Omit<Filter, 'order'> {
  return {
    label: label?.name,
    predicted: predicted?.name,
    outcome:
      label === null ? 'false_alarm' : predicted !== null ? undefined : isDetection ? 'missed' : 'unanswered',
  };
}

/** Whether two figures count the same, whatever the order. */
export function isSameFilter(a: Omit<Filter, 'order'>, b: Omit<Filter, 'order'> | null): boolean {
  if (b === null) return false;
  const parts = ['label', 'predicted', 'outcome', 'by', 'value'] as const;
  return parts.every((part) => a[part] === b[part]);
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
    .filter(({ label, predicted }) => label !== null && predicted !== null && predicted !== label)
    .map(({ label, predicted, count }) => ({
      label: names.get(label as number) ?? String(label),
      predicted: names.get(predicted as number) ?? String(predicted),
      count,
    }))
    .sort((a, b) => b.count - a.count);
}

export type ClassColumn =
  | 'name'
  | 'support'
  | 'num_unanswered'
  | 'precision'
  | 'recall'
  | 'f1'
  | 'average_precision_50'
  | 'average_precision';

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
      if (x == null || y == null) return Number(x == null) - Number(y == null);
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

/** F1 at each point of a curve. */
export function f1Of({ precision, recall }: Pick<Curve, 'precision' | 'recall'>): number[] {
  return precision.map((value, index) => {
    const sum = value + (recall[index] as number);
    return sum > 0 ? (2 * value * (recall[index] as number)) / sum : 0;
  });
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
