import { expect, it } from 'vitest';
import { partsOf, pathOf } from './model';

it('keeps the order of kinds and leaves out those without bytes', () => {
  expect(partsOf({ step: 3, model: 0, dataset: 5 }).map(({ id, count }) => [id, count])).toEqual([
    ['dataset', 5],
    ['step', 3],
  ]);
});

it('leads to the version, or to the step in its run or by itself', () => {
  const version = { project: 'lab', version: '3', task_id: null, run_id: null };
  expect(pathOf({ ...version, type: 'dataset', name: 'street scenes' })).toBe(
    '/p/lab/datasets/street%20scenes?v=3',
  );
  expect(pathOf({ ...version, type: 'algorithm', name: 'toy', project: null })).toBeNull();
  const task = { project: 'lab', name: 'train a/b', version: null, task_id: 7 };
  expect(pathOf({ ...task, type: 'made', run_id: 4 })).toBe('/p/lab/runs/4?task=train+a%2Fb');
  expect(pathOf({ ...task, type: 'took', run_id: null })).toBe('/p/lab/tasks/7');
});
