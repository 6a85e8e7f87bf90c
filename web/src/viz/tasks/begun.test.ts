import { expect, test } from 'vitest';
import { tellWhenFailed, toBeTold } from './begun';

test('a task that was begun here is told of once, when it fails', () => {
  tellWhenFailed(3, 'dataset_import');
  expect(toBeTold({ id: 3, state: 'running' })).toBeNull();
  expect(toBeTold({ id: 4, state: 'failed' })).toBeNull();
  expect(toBeTold({ id: 3, state: 'failed' })).toBe('dataset_import');
  expect(toBeTold({ id: 3, state: 'failed' })).toBeNull();
});
