import { expect, test } from 'vitest';
import { added, MOST_PICKED, NO_PICKS, rangeOf, toggled } from './picks';

const many = (count: number) => Array.from({ length: count }, (_, index) => `${index}.png`);

test('a sample is selected and let go, and the range goes on from it', () => {
  const one = toggled(NO_PICKS, 'a.png', 4);
  expect([...one.keys]).toEqual(['a.png']);
  expect(one.anchor).toBe(4);
  expect(toggled(one, 'a.png', 4).keys.size).toBe(0);
  expect(NO_PICKS.keys.size).toBe(0);
});

test('what is selected already takes no room', () => {
  const full = added(NO_PICKS, many(MOST_PICKED), { anchor: 0, count: MOST_PICKED });
  expect(full.numLeftOut).toBe(0);
  const again = added(full, many(10), { anchor: 0, count: 10 });
  expect([again.keys.size, again.numLeftOut]).toEqual([MOST_PICKED, 0]);
});

test('beyond the most it says how many were left out', () => {
  const some = added(NO_PICKS, ['x', 'y'], { anchor: 0, count: 2 });
  const all = added(some, many(MOST_PICKED), { anchor: null, count: 50_000 });
  expect([all.keys.size, all.numLeftOut]).toEqual([MOST_PICKED, 50_000 - (MOST_PICKED - 2)]);
  expect(toggled(all, 'z', 1).numLeftOut).toBe(1);
  expect(toggled(all, 'x', 1).numLeftOut).toBe(0);
});

test('a range goes either way, and without an anchor is one place', () => {
  expect(rangeOf(3, 7)).toEqual({ from: 3, count: 5 });
  expect(rangeOf(7, 3)).toEqual({ from: 3, count: 5 });
  expect(rangeOf(null, 9)).toEqual({ from: 9, count: 1 });
});
