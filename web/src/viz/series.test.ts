import { expect, it } from 'vitest';
import { aligned, seriesColour, smoothed } from './series';

it('smooths without a pull towards the first value', () => {
  expect(smoothed([2, 2, 2], 0.9).map((value) => Math.round(value * 1e9) / 1e9)).toEqual([2, 2, 2]);
  expect(smoothed([1, 5], 0)).toEqual([1, 5]);
});

it('puts series on one axis, with gaps', () => {
  const columns = aligned([
    { steps: [1, 2], values: [10, 20] },
    { steps: [2, 3], values: [5, 6] },
  ]);
  expect(columns).toEqual([
    [1, 2, 3],
    [10, 20, null],
    [null, 5, 6],
  ]);
});

it('has colours for both themes', () => {
  expect(seriesColour(0, true)).not.toBe(seriesColour(0, false));
  expect(new Set([0, 1, 2, 3, 4, 5, 6, 7].map((index) => seriesColour(index, false))).size).toBe(8);
  expect(seriesColour(9, false)).toBe(seriesColour(1, false));
});
