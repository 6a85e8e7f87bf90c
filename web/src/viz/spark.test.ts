import { expect, test } from 'vitest';
import { sparkPath } from './spark';

test('a curve fills its box, lowest below and highest above', () => {
  const { line, end } = sparkPath([0, 1, 0.5], 100, 20);
  expect(line).toBe('M2.0 18.0L50.0 2.0L98.0 10.0');
  expect(end).toEqual([98, 10]);
});

test('what is not a number is left out', () => {
  expect(sparkPath([Number.NaN], 100, 20)).toEqual({ line: '', area: '', end: null });
  expect(sparkPath([3, 3], 100, 20).line).toBe('M2.0 10.0L98.0 10.0');
});
