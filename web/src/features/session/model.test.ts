import { expect, test } from 'vitest';
import { linkToken, safeNext } from './model';

test('the one-time link is read from the hash', () => {
  expect(linkToken('#link=a-b_c')).toBe('a-b_c');
  expect(linkToken('#other')).toBeNull();
  expect(linkToken('')).toBeNull();
});

test.each(['//evil.example', '/\\evil.example', 'https://evil.example', '/sign-in?next=/', undefined])(
  'signing in does not lead to %s',
  (next) => expect(safeNext(next)).toBe('/'),
);

test('signing in leads back to where one was', () => {
  expect(safeNext('/p/default/datasets?q=x')).toBe('/p/default/datasets?q=x');
});
