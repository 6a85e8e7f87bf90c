import { expect, test } from 'vitest';
import { shownKeys } from './keys';

test.each([
  ['⌘K', 'Ctrl+K'],
  ['⇧⌘Z', 'Ctrl+Shift+Z'],
  ['⇧N', 'Shift+N'],
  ['N', 'N'],
  ['Esc', 'Esc'],
])('%s is %s where there is no ⌘', (keys, shown) => {
  expect(shownKeys(keys, false)).toBe(shown);
  expect(shownKeys(keys, true)).toBe(keys);
});
