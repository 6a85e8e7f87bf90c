import { expect, test } from 'vitest';
import { taskPath } from './place';

test('a failed step is opened on its run at the line of its error, a task that stands alone on its own page', () => {
  const step = { id: 3, run_id: 7, name: 'train & test' };
  expect(taskPath('p', step)).toBe('/p/p/runs/7?task=train+%26+test');
  expect(taskPath('p', step, 3)).toBe('/p/p/runs/7?task=train+%26+test&tab=log&line=-3');
  expect(taskPath('p', { ...step, name: 'train/7' }, 3)).toBe('/p/p/tasks/3?tab=log&line=-3');
  expect(taskPath('p', { ...step, run_id: null })).toBe('/p/p/tasks/3');
  expect(taskPath('p', { ...step, run_id: null }, 3)).toBe('/p/p/tasks/3?tab=log&line=-3');
});
