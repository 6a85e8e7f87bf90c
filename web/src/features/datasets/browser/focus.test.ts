import { expect, test } from 'vitest';
import { isLit, legendOf, outlinePath } from './focus';

const car = { class_id: 0, label: 'car' };
const bus = { class_id: 4, label: 'bus' };

test('one object is meant, or all of a class', () => {
  expect(isLit(null, { source: 'labels', index: 3, box: car })).toBe(true);
  expect(isLit({ source: 'labels', index: 3 }, { source: 'labels', index: 3, box: car })).toBe(true);
  expect(isLit({ source: 'labels', index: 3 }, { source: 'predictions', index: 3, box: car })).toBe(false);
  expect(isLit({ classId: 4 }, { source: 'predictions', index: 0, box: bus })).toBe(true);
  expect(isLit({ classId: 4 }, { source: 'labels', index: 0, box: car })).toBe(false);
});

test('each polygon of an outline is closed', () => {
  expect(
    outlinePath([
      [0, 0, 4, 0, 4, 4],
      [9, 9, 8, 9, 8, 8],
    ]),
  ).toBe('M0,0L4,0L4,4ZM9,9L8,9L8,8Z');
  expect(outlinePath([])).toBe('');
});

test('the legend counts objects, most first', () => {
  expect(legendOf([bus, car, bus], [], ['car'])).toEqual([
    { classId: 4, label: 'bus', count: 2, share: null },
    { classId: 0, label: 'car', count: 1, share: null },
  ]);
});

test('classes of others alone come last, with none', () => {
  expect(legendOf([car], [], [], [bus, car]).map(({ label, count }) => [label, count])).toEqual([
    ['car', 1],
    ['bus', 0],
  ]);
});

test('without objects the legend shows the part of each class', () => {
  expect(
    legendOf(
      [],
      [
        { classId: 1, share: 0.75 },
        { classId: 7, share: 0.25 },
      ],
      ['sea', 'land'],
    ),
  ).toEqual([
    { classId: 1, label: 'land', count: null, share: 0.75 },
    { classId: 7, label: '7', count: null, share: 0.25 },
  ]);
});
