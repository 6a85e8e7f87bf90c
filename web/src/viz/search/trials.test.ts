import { expect, it } from 'vitest';
import { bestSoFar, searchedIn, wordsOf } from './trials';

const trial = (number: number, value: number | null) => ({ trial: number, value });

it('draws the best so far over the trials in their order', () => {
  const trials = [trial(3, 0.7), trial(1, null), trial(2, 0.5), trial(4, 0.6), trial(5, null)];
  const line = (direction: 'maximize' | 'minimize') =>
    bestSoFar(trials, direction).map(({ trial: number, value }) => [number, value]);
  expect(line('maximize')).toEqual([[2, 0.5], [3, 0.7], [4, 0.7], [5, 0.7]]); // biome-ignore format: points
  expect(line('minimize')).toEqual([[2, 0.5], [3, 0.5], [4, 0.5], [5, 0.5]]); // biome-ignore format: points
  expect(bestSoFar([], 'maximize')).toEqual([]);
});

it('finds what was searched, and the words of what is no number', () => {
  const trials = [{ parameters: { width: 's', rate: 0.1 } }, { parameters: { width: 'm', rate: 0.2 } }];
  expect(searchedIn(trials)).toEqual([
    { name: 'rate', values: [0.1, 0.2] },
    { name: 'width', values: ['s', 'm'] },
  ]);
  expect(wordsOf([0.1, 0.2], { min: 0, max: 1 })).toBeNull();
  expect(wordsOf(['m'], { choices: ['s', 'm', 'l'] })).toEqual(['s', 'm', 'l']);
  expect(wordsOf([8, 16], { choices: [16, 4, 8] })).toEqual(['4', '8', '16']);
  expect(wordsOf([true], undefined)).toEqual(['true']);
});
