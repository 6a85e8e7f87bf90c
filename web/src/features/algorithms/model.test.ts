import { expect, it } from 'vitest';
import type { Algorithm } from './api';
import { byTask, publishedVersion } from './model';

it('groups by task with processing last', () => {
  const all = ['processing', 'detection', 'classification'].map(
    (task) => ({ name: task, task }) as Algorithm,
  );
  expect(byTask(all).map(({ task }) => task)).toEqual(['classification', 'detection', 'processing']);
});

it('what an output was published as is taken apart', () => {
  expect(publishedVersion([{ published_as: '' }, { published_as: 'echo@1.0.0' }])).toEqual({
    name: 'echo',
    version: '1.0.0',
  });
  expect(publishedVersion([{ published_as: '' }])).toBeNull();
});
