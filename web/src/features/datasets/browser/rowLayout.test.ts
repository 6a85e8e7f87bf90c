import { expect, test } from 'vitest';
import { RowLayout } from './rowLayout';
import { HEADING_HEIGHT, sectionsOf } from './sections';

test('rows in sight are those that the view cuts', () => {
  const layout = new RowLayout(1_000_000, 40, 600);
  expect(layout.height).toBe(40_000_000);
  expect(layout.between(79, 121).map(({ position }) => position)).toEqual([1, 2, 3]);
  expect(layout.between(-400, 41).map(({ position }) => position)).toEqual([0, 1]);
  expect(layout.between(39_999_990, 40_000_400).map(({ position }) => position)).toEqual([999_999]);
});

test('there is no place beyond the last row', () => {
  expect(new RowLayout(3, 40, 600).tileOf(3)).toBeUndefined();
  expect(new RowLayout(0, 40, 600).between(0, 800)).toEqual([]);
});

test('rows stand below the headings of their sections', () => {
  const sections = sectionsOf([2, 3].map((count, id) => ({ id: String(id), class_id: null, count })));
  const layout = new RowLayout(5, 40, 600, sections);
  expect(layout.height).toBe(5 * 40 + 2 * HEADING_HEIGHT);
  expect(layout.between(0, layout.height).map(({ top }) => top)).toEqual([40, 80, 160, 200, 240]);
  expect(layout.headingsBetween(0, layout.height).map(({ top }) => top)).toEqual([0, 120]);
  expect(layout.between(121, 161).map(({ position }) => position)).toEqual([2]);
  expect(layout.headingsBetween(130, 400).map(({ section }) => section.id)).toEqual(['1']);
});
