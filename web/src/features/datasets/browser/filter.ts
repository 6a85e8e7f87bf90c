import type { Query } from '@/ui/routing';
import type { DatasetVersion, Layer, SampleFilter } from '../api';

export type Order = NonNullable<SampleFilter['order']>;

const VERDICTS = new Set(['accepted', 'rejected', 'none']);
const ORDERS = new Set(['-row', 'key', '-key', 'size', '-size', 'objects', '-objects', 'score', '-score']);
const SIZE = /^\d{1,9}(x\d{1,9}|-\d{0,9})$/;
const RANGE = /^\d{1,9}-\d{0,9}$/;

/** What the address asks for; parts of it that cannot be asked for are left out. */
export function filterOf(query: Query): SampleFilter {
  const { split, label, verdict, size, objects, by, order } = query;
  return {
    split: split ?? null,
    label: label ?? null,
    verdict: verdict && VERDICTS.has(verdict) ? (verdict as SampleFilter['verdict']) : null,
    size: size && SIZE.test(size) ? size : null,
    objects: objects && RANGE.test(objects) ? objects : null,
    group: by === 'split' || by === 'label' ? by : null,
    order: order && ORDERS.has(order) ? (order as Order) : null,
  };
}

/** Whether samples are left out; an order leaves none out. */
export function isNarrow({ order: _, group: __, ...narrowing }: SampleFilter): boolean {
  return Object.values(narrowing).some((wanted) => wanted !== null);
}

/** By what samples of a version can be sorted; `row` is their own order. */
export function ordersOf(layers: readonly Layer[], predictions: string | null): (Order | 'row')[] {
  const fields = (name: string | null) => layers.find((layer) => layer.name === name)?.fields ?? {};
  const answers = fields(predictions);
  const hasObjects = 'boxes' in fields('labels') || 'boxes' in answers;
  const hasScores = 'score' in answers || ('scores' in answers && 'boxes' in answers);
  return [
    'row',
    'key',
    ...(hasScores ? (['-score', 'score'] as const) : []),
    ...(hasObjects ? (['-objects', 'objects'] as const) : []),
    ...('width' in fields('samples') ? (['-size', 'size'] as const) : []),
  ];
}

/** More classes than these make no list that anyone scrolls through; the server refuses it. */
const MOST_SECTIONS = 20_000;

/** By what samples of a version can be arranged: their split, and their class where each has one of its own. */
export function groupsOf(
  { splits, num_classes }: Pick<DatasetVersion, 'splits' | 'num_classes'>,
  layers: readonly Layer[],
): NonNullable<SampleFilter['group']>[] {
  const hasLabel = layers.some(({ role, fields }) => role === 'labels' && 'label' in fields);
  return [
    ...(Object.keys(splits).length > 0 ? (['split'] as const) : []),
    ...(hasLabel && num_classes > 0 && num_classes <= MOST_SECTIONS ? (['label'] as const) : []),
  ];
}

/** A size or a range as people write it: `640 × 480`, `257–512`, `≥ 51`, `≤ 64`, `1`. */
export function rangeText(id: string): string {
  if (id.includes('x')) return id.replace('x', ' × ');
  const [low = '', high = ''] = id.split('-');
  if (high === '') return `≥ ${low}`;
  if (low === high) return low;
  return low === '0' ? `≤ ${high}` : `${low}–${high}`;
}

/** A size with its unit where it is a range of one side. */
export function sizeText(id: string, unit: string): string {
  return id.includes('x') ? rangeText(id) : `${rangeText(id)} ${unit}`;
}
