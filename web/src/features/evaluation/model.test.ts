import { expect, test } from 'vitest';
import type { EvaluatedClass } from './api';
import {
  curvePath,
  f1Of,
  filterOf,
  filterOfCell,
  isSameFilter,
  matrixOf,
  mistakesOf,
  nearestPoint,
  ordersOf,
  outcomeWord,
  pointAt,
  queryOf,
  sortedClasses,
  thresholdOf,
  usualThreshold,
} from './model';

const classOf = (class_id: number, name: string, support: number, f1 = 0.5): EvaluatedClass => ({
  class_id,
  name,
  support,
  num_predicted: support,
  num_unanswered: 0,
  precision: 0.5,
  recall: 0.5,
  f1,
  average_precision: class_id === 1 ? null : f1,
  average_precision_50: null,
  roc_auc: null,
});
const DETECTION = {
  iou_threshold: 0.5,
  best_threshold: 0.31,
  num_objects: 6,
  num_answers: 6,
  num_right: 3,
  num_wrong: 1,
  num_missed: 2,
  num_false_alarms: 2,
  precision: 0.5,
  recall: 0.5,
  f1: 0.5,
};
const CLASSES = [classOf(0, 'cat', 4, 0.9), classOf(1, 'dog', 2, 0.2), classOf(2, 'owl', 0, 0.4)];

test('a matrix has a column for no answer only where there are such samples', () => {
  const confusions = [
    { label: 0, predicted: 0, count: 3 },
    { label: 0, predicted: 1, count: 1 },
    { label: 1, predicted: 1, count: 2 },
  ];
  const whole = matrixOf({ classes: CLASSES, confusions, detection: null });
  expect(whole.columns).toEqual(CLASSES);
  expect(whole.rows.map(({ cells }) => cells.map(({ count }) => count))).toEqual([
    [3, 1, 0],
    [0, 2, 0],
    [0, 0, 0],
  ]);
  expect(whole.rows[0]?.cells[0]?.share).toBe(0.75);
  expect(whole.rows[2]?.cells[0]?.share).toBe(0);
  const partly = matrixOf({
    classes: CLASSES,
    confusions: [{ label: 1, predicted: null, count: 2 }],
    detection: null,
  });
  expect(partly.columns.at(-1)).toBeNull();
  expect(partly.rows[1]?.cells.at(-1)?.count).toBe(2);
});

test('the matrix of a detection has a column of missed objects and a row of false alarms', () => {
  const { columns, rows } = matrixOf({
    classes: CLASSES,
    confusions: [
      { label: 0, predicted: 0, count: 3 },
      { label: 0, predicted: null, count: 1 },
      { label: null, predicted: 1, count: 1 },
    ],
    detection: DETECTION,
  });
  expect([columns.length, rows.length, rows.at(-1)?.label]).toEqual([4, 4, null]);
  const [missed, alarm] = [rows[0]?.cells[3], rows[3]?.cells[1]];
  expect([missed?.count, missed?.share, alarm?.count, alarm?.share]).toEqual([1, 0.25, 1, 0.5]);
  expect(rows[3]?.cells[3]?.share).toBe(0);
  if (!missed || !alarm) throw new Error('no cells');
  expect(filterOfCell(missed, true)).toEqual({ label: 'cat', predicted: undefined, outcome: 'missed' });
  expect(filterOfCell(missed, false).outcome).toBe('unanswered');
  expect(filterOfCell(alarm, true)).toEqual({ label: undefined, predicted: 'dog', outcome: 'false_alarm' });
  expect(isSameFilter(filterOfCell(alarm, true), { predicted: 'dog', outcome: 'false_alarm' })).toBe(true);
  expect(isSameFilter({ label: 'cat' }, null)).toBe(false);
});

test('mistakes are listed by how frequent they are, without what is right or not answered', () => {
  const confusions = [
    { label: 0, predicted: 0, count: 9 },
    { label: 1, predicted: 0, count: 1 },
    { label: 0, predicted: 2, count: 3 },
    { label: 0, predicted: null, count: 5 },
  ];
  expect(mistakesOf({ classes: CLASSES, confusions })).toEqual([
    { label: 'cat', predicted: 'owl', count: 3 },
    { label: 'dog', predicted: 'cat', count: 1 },
  ]);
});

test('classes are sorted by a figure, and those without it come last', () => {
  const names = (...args: Parameters<typeof sortedClasses>) => sortedClasses(...args).map(({ name }) => name);
  expect(names(CLASSES, 'f1', false, '')).toEqual(['dog', 'owl', 'cat']);
  expect(names(CLASSES, 'average_precision', true, '')).toEqual(['cat', 'owl', 'dog']);
  expect(names(CLASSES, 'average_precision', false, '')).toEqual(['owl', 'cat', 'dog']);
  expect(names(CLASSES, 'name', true, 'O')).toEqual(['owl', 'dog']);
});

test('the address keeps the samples asked for and forgets those asked for before', () => {
  expect(filterOf({})).toBeNull();
  expect(filterOf({ of: 'samples', label: 'cat', outcome: 'odd', order: 'row' })).toEqual({
    label: 'cat',
    predicted: undefined,
    outcome: undefined,
    order: 'row',
  });
  expect(queryOf({ predicted: 'dog' })).toMatchObject({ of: 'samples', predicted: 'dog', label: undefined });
  expect(queryOf(null).of).toBeUndefined();
  const part = { by: 'split', value: 'test', outcome: 'error' as const };
  expect(filterOf(queryOf(part))).toMatchObject(part);
  expect(queryOf({ label: 'cat' }).by).toBeUndefined();
  expect(isSameFilter(part, { ...part, value: 'train' })).toBe(false);
});

test.each([
  [undefined, undefined],
  ['0', 0],
  ['0.505', 0.51],
  ['7', 1],
  ['-1', 0],
  ['much', undefined],
])('a threshold of %s is read as %s', (t, threshold) => expect(thresholdOf({ t })).toBe(threshold));

test('what is wrong about a box in its place is its class', () => {
  expect(outcomeWord('wrong', true)).toBe('wrong_class');
  expect(outcomeWord('wrong', false)).toBe('wrong');
  expect(outcomeWord('missed', true)).toBe('missed');
});

test('a detection has its own order and usual threshold', () => {
  expect(ordersOf({ detection: DETECTION })[0]).toBe('most');
  expect(ordersOf({ detection: null })).not.toContain('most');
  expect(usualThreshold({ detection: DETECTION })).toBe(0.31);
  expect(usualThreshold({ detection: null })).toBe(0);
});

test('F1 is nothing where precision and recall are', () => {
  expect(f1Of({ precision: [1, 0.5, 0], recall: [0.5, 0.5, 0] })).toEqual([2 / 3, 0.5, 0]);
});

test('a curve is read at a threshold and at a place', () => {
  const thresholds = [0.9, 0.6, 0.3];
  expect(pointAt({ thresholds }, 0.5)).toBe(1);
  expect(pointAt({ thresholds }, 0.95)).toBeNull();
  expect(pointAt({ thresholds }, 0)).toBe(2);
  expect(nearestPoint([0, 0.5, 1], [1, 0.9, 0.2], [0.6, 0.8])).toBe(1);
  expect(curvePath([0, 1], [0, 1], 100)).toBe('M0.0 100.0L100.0 0.0');
});
