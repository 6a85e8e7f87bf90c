import { expect, it } from 'vitest';
import { aligned, chartsOf, seriesColour, smoothed } from './metrics';

const brief = (name: string, num_points: number) => ({ name, num_points, last: 0, min: 0, max: 0 });

it('draws training and validation of one thing on one chart, and single values as numbers', () => {
  const { charts, numbers } = chartsOf([
    brief('loss', 9),
    brief('val_loss', 9),
    brief('lr', 9),
    brief('size', 1),
  ]);
  expect(charts).toEqual([
    { title: 'loss', names: ['loss', 'val_loss'] },
    { title: 'lr', names: ['lr'] },
  ]);
  expect(numbers.map(({ name }) => name)).toEqual(['size']);
});

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
