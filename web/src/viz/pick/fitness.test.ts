import { expect, it } from 'vitest';
import type { Dataset, Model } from '@/viz/graph/assets';
import { byFitness, fittingModels } from './fitness';

it('puts datasets that fit first, and says why others do not', () => {
  const dataset = (name: string, kind: string, num_samples = 9, num_classes = 3) =>
    ({ name, latest: { kind, num_samples, num_classes } }) as Dataset;
  const all = [
    dataset('boxes', 'detection'),
    dataset('none', 'classification', 0),
    dataset('one', 'classification', 9, 1),
    dataset('digits', 'classification'),
  ];
  const told = (...kinds: string[]) =>
    byFitness(all, kinds).map(({ dataset: { name }, unfit }) => [name, unfit]);
  expect(told('classification')).toEqual([
    ['digits', null],
    ['boxes', 'kind'],
    ['none', 'empty'],
    ['one', 'classes'],
  ]);
  expect(told()).toEqual([
    ['boxes', null],
    ['one', null],
    ['digits', null],
    ['none', 'empty'],
  ]);
  expect(told('classification', 'unlabelled').slice(0, 2)).toEqual([
    ['one', null],
    ['digits', null],
  ]);
});

it('offers the models that are for the task', () => {
  const models = ['detection', 'classification'].map((task) => ({ name: task, latest: { task } }) as Model);
  expect(fittingModels(models, ['detection']).map(({ name }) => name)).toEqual(['detection']);
  expect(fittingModels(models, [])).toHaveLength(2);
});
