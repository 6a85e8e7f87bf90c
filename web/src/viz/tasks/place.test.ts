import { expect, test } from 'vitest';
import { taskPath } from './place';

test('a step is opened on its run, a task that stands alone on its own page, either with its log', () => {
  const step = { id: 3, run_id: 7, name: 'train & test' };
  expect(taskPath('p', step)).toBe('/p/p/runs/7?task=train+%26+test');
  expect(taskPath('p', step, 'log')).toBe('/p/p/runs/7?task=train+%26+test&tab=log');
  expect(taskPath('p', { ...step, name: 'train/7' }, 'log')).toBe('/p/p/tasks/3?tab=log');
  expect(taskPath('p', { ...step, run_id: null })).toBe('/p/p/tasks/3');
  expect(taskPath('p', { ...step, run_id: null }, 'log')).toBe('/p/p/tasks/3?tab=log');
});
