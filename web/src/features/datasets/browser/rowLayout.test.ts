import { expect, test } from 'vitest';
import { RowLayout } from './rowLayout';

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
