import { expect, test } from 'vitest';
import { isToBeTold, tellWhenFailed } from './begun';

test('a task that was begun here is told of once, when it fails', () => {
  tellWhenFailed(3);
  expect(isToBeTold({ id: 3, state: 'running' })).toBe(false);
  expect(isToBeTold({ id: 4, state: 'failed' })).toBe(false);
  expect(isToBeTold({ id: 3, state: 'failed' })).toBe(true);
  expect(isToBeTold({ id: 3, state: 'failed' })).toBe(false);
});
