import { expect, test } from 'vitest';
import type { Layer } from '../api';
import { filterOf, groupsOf, isNarrow, ordersOf, rangeText } from './filter';

const NOTHING = {
  split: null,
  label: null,
  verdict: null,
  size: null,
  objects: null,
  group: null,
  order: null,
};

test('the address holds the filter, and what it cannot be is left out', () => {
  expect(filterOf({ sample: '3' })).toEqual(NOTHING);
  const whole = { split: 'a', label: 'b', verdict: 'none', size: '8x8', objects: '3-', order: '-score' };
  expect(filterOf({ ...whole, by: 'split' })).toEqual({ ...whole, group: 'split' });
  expect(filterOf({ verdict: 'perhaps', by: 'size', size: '8', objects: 'x', order: 'row' })).toEqual(
    NOTHING,
  );
});

test('an order leaves no sample out', () => {
  expect(isNarrow(filterOf({ order: 'key', by: 'label' }))).toBe(false);
  expect(isNarrow(filterOf({ order: 'key', size: '0-64' }))).toBe(true);
});

test('samples are sorted by what they have', () => {
  const layer = (name: string, ...fields: string[]) =>
    ({ name, fields: Object.fromEntries(fields.map((field) => [field, 'x'])) }) as unknown as Layer;
  const images = layer('samples', 'key', 'image', 'width');
  expect(ordersOf([layer('samples', 'key', 'text')], null)).toEqual(['row', 'key']);
  expect(ordersOf([images], null)).toEqual(['row', 'key', '-size', 'size']);
  expect(ordersOf([images, layer('labels', 'boxes')], null)).toContain('-objects');
  const classes = ordersOf([images, layer('predictions', 'label', 'score', 'scores')], 'predictions');
  expect(classes).toContain('-score');
  expect(classes).not.toContain('objects');
  const found = ordersOf([images, layer('second', 'boxes', 'labels', 'scores')], 'second');
  expect(found).toEqual(['row', 'key', '-score', 'score', '-objects', 'objects', '-size', 'size']);
});

test('samples are arranged by a split where there is one, and by a class of their own', () => {
  const labels = { role: 'labels', fields: { label: 'int32' } } as unknown as Layer;
  const boxes = { role: 'labels', fields: { boxes: 'x', labels: 'x' } } as unknown as Layer;
  const some = { splits: { train: 3 }, num_classes: 2 };
  expect(groupsOf(some, [labels])).toEqual(['split', 'label']);
  expect(groupsOf(some, [boxes])).toEqual(['split']);
  expect(groupsOf({ splits: {}, num_classes: 2 }, [boxes])).toEqual([]);
  expect(groupsOf({ splits: {}, num_classes: 90_000 }, [labels])).toEqual([]);
});

test('ranges are written as people write them', () => {
  const ids = ['640x480', '0-64', '257-512', '4097-', '1-1', '0-0'];
  expect(ids.map(rangeText)).toEqual(['640 × 480', '≤ 64', '257–512', '≥ 4097', '1', '0']);
});
