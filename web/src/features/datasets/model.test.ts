import { expect, test } from 'vitest';
import type { Statistics } from './api';
import {
  cursorAfter,
  difference,
  fileOf,
  isDatasetName,
  isWebAddress,
  labelFacets,
  suggestName,
  typicalAspect,
} from './model';
import { describeSample, isWrong } from './sample';

const STATISTICS: Statistics = {
  kind: 'detection',
  num_samples: 10,
  splits: { train: 8, val: 2 },
  layers: [],
  classes: [
    { name: 'car', class_id: 0, num_samples: 4, num_objects: 6, splits: { train: 1, val: 5 } },
    { name: 'bus', class_id: 1, num_samples: 9, num_objects: 9, splits: { train: 9 } },
  ],
};

test('labels are counted in objects, most frequent first', () => {
  expect(labelFacets(STATISTICS, null)).toEqual([
    { name: 'bus', classId: 1, count: 9, share: 1 },
    { name: 'car', classId: 0, count: 6, share: 6 / 9 },
  ]);
});

test('with a split, labels are counted in it', () => {
  expect(labelFacets(STATISTICS, 'val').map(({ name, count }) => [name, count])).toEqual([
    ['car', 5],
    ['bus', 0],
  ]);
});

test('a picture of unknown size is taken for a typical one', () => {
  const range = (median: number) => ({ min: 1, median, mean: median, max: 1000 });
  const images = { width: range(640), height: range(480), channels: {}, bytes: range(1) };
  expect(typicalAspect({ ...STATISTICS, images })).toBeCloseTo(4 / 3);
  expect(typicalAspect(undefined)).toBeCloseTo(4 / 3);
});

test('cursors are those that the server makes', () => {
  expect(cursorAfter(-1)).toBeNull();
  expect(cursorAfter(0)).toBe('MA');
  expect(cursorAfter(199)).toBe('MTk5');
});

test.each([
  ['Street Scenes.zip', 'street-scenes'],
  ['数据.tar.gz', ''],
  ['--Cats & dogs', 'cats-dogs'],
])('%s is suggested as %s', (source, name) => {
  expect(suggestName(source)).toBe(name);
  if (name !== '') expect(isDatasetName(name)).toBe(true);
});

test.each([
  ['https://example.com/data/Street%20Scenes.zip?signature=a/b', 'Street Scenes.zip', 'street-scenes'],
  [' http://10.0.0.1:8080/words.csv ', 'words.csv', 'words'],
  ['https://example.com/50%.tar.gz', '50%.tar.gz', '50'],
  ['https://example.com', '', ''],
  ['s3://bucket/flowers?region=eu', 'flowers', 'flowers'],
])('the address %s names the file %s', (url, file, name) => {
  expect(isWebAddress(url)).toBe(true);
  expect(fileOf(url)).toBe(file);
  expect(suggestName(file)).toBe(name);
});

test.each(['', 'flowers.zip', '/data/flowers', 'ftp://a.org/b', 'https://', 'https://a b'])(
  '"%s" is no web address',
  (text) => {
    expect(isWebAddress(text)).toBe(false);
    expect(fileOf(text)).toBe('');
  },
);

test('a difference names what came and went', () => {
  const before = { num_samples: 10, size_bytes: 100, class_names: ['a', 'b'], splits: { train: 10 } };
  const after = { num_samples: 12, size_bytes: 90, class_names: ['b', 'c'], splits: { train: 10, val: 2 } };
  expect(difference(before, after)).toEqual({
    samples: 2,
    bytes: -10,
    addedClasses: ['c'],
    removedClasses: ['a'],
    splits: [{ name: 'val', before: 0, after: 2 }],
  });
});

test('a sample is described in words', () => {
  const box = { x0: 0, y0: 0, x1: 1, y1: 1, class_id: 0, score: null };
  const boxes = [
    { ...box, label: 'car' },
    { ...box, label: 'car' },
  ];
  expect(describeSample({ key: 'a.png', label: null, boxes })).toBe('a.png, 2 car');
});

test('a prediction is wrong only against a label', () => {
  const prediction = { class_id: 1, label: 'b', score: 0.9 };
  expect(isWrong({ class_id: 0, prediction })).toBe(true);
  expect(isWrong({ class_id: 1, prediction })).toBe(false);
  expect(isWrong({ class_id: null, prediction })).toBe(false);
});
