import { expect, test } from 'vitest';
import { Kept } from './kept';

test('what was kept last is there, what was kept long ago is not', () => {
  const kept = new Kept<number>(2);
  kept.keep('a', 1);
  kept.keep('b', 2);
  kept.keep('a', 3);
  kept.keep('c', 4);
  expect([kept.get('a'), kept.get('b'), kept.get('c')]).toEqual([3, undefined, 4]);
});
